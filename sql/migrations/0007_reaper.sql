-- What the reaper remembers from one run to the next.

CREATE TABLE waybill.redrives (
    job_id uuid PRIMARY KEY REFERENCES waybill.ingestion_jobs ON DELETE CASCADE,
    progress text NOT NULL,
    tries integer NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL
);
COMMENT ON TABLE waybill.redrives IS
    'Jobs whose messages were sent again, since they last moved.';

CREATE TABLE waybill.copies_seen (
    pid integer NOT NULL,
    backend_start timestamptz NOT NULL,
    relid oid NOT NULL,
    bytes_processed bigint NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (pid, backend_start)
);
COMMENT ON TABLE waybill.copies_seen IS
    'How far each COPY of a loader was, and when it was first seen at that byte.';

-- Only a role's own backends may be ended by it, so the routine runs as its caller.
GRANT SELECT, INSERT, UPDATE, DELETE ON waybill.copies_seen TO waybill_loader;
