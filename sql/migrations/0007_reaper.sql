-- What the reaper remembers from one look to the next.

CREATE TABLE waybill.redrives (
    job_id uuid PRIMARY KEY REFERENCES waybill.ingestion_jobs ON DELETE CASCADE,
    progress text NOT NULL,
    tries integer NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL
);
COMMENT ON TABLE waybill.redrives IS
    'Jobs whose messages were sent again because nothing touched them, since they last moved.';

CREATE TABLE waybill.copies_seen (
    pid integer NOT NULL,
    backend_start timestamptz NOT NULL,
    relid oid NOT NULL,
    bytes_processed bigint NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (pid, backend_start)
);
COMMENT ON TABLE waybill.copies_seen IS
    'How far each COPY of the loaders was, and when it was first seen at that byte.';

-- The loaders end their own: whoever ends a backend must be of its role, so the routine runs
-- as its caller, and writes this table as its caller.
GRANT SELECT, INSERT, UPDATE, DELETE ON waybill.copies_seen TO waybill_loader;

-- What the reaper looks for every few minutes, among all the jobs that ever were.
CREATE INDEX ingestion_jobs_awaited ON waybill.ingestion_jobs (created_at)
    WHERE state = 'AWAITING_UPLOAD';
CREATE INDEX ingestion_jobs_restamping ON waybill.ingestion_jobs (dataset) WHERE restamping;
CREATE INDEX job_runs_open ON waybill.job_runs (started_at) WHERE finished_at IS NULL;
