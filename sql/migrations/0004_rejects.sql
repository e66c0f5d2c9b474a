-- Records that are not in their table: rejects, and records that wait for a parent.

CREATE TABLE waybill.validation_errors (
    reject_id uuid NOT NULL DEFAULT uuidv7(),
    -- No foreign key and few indexes: for a file that is half rejected they would cost more than
    -- everything else. Jobs are never deleted.
    job_id uuid NOT NULL,
    chunk integer,
    line bigint NOT NULL,
    raw bytea NOT NULL,
    "values" jsonb,
    errors jsonb NOT NULL,
    replayed_by uuid,
    PRIMARY KEY (job_id, line, reject_id)
);
COMMENT ON TABLE waybill.validation_errors IS
    'Rejects: refused records, byte for byte, with every reason.';

CREATE INDEX validation_errors_replay ON waybill.validation_errors (replayed_by)
    WHERE replayed_by IS NOT NULL;

CREATE TABLE waybill.pending_references (
    job_id uuid NOT NULL REFERENCES waybill.ingestion_jobs ON DELETE CASCADE,
    line bigint NOT NULL,
    raw text,
    record jsonb NOT NULL,
    missing jsonb NOT NULL,
    PRIMARY KEY (job_id, line)
);
COMMENT ON TABLE waybill.pending_references IS
    'Valid records whose parent is missing; written when a later load brings it.';

-- A loader makes the ids itself: a server built without OpenSSL takes longer for an id than for
-- the rest of the row.
GRANT INSERT (reject_id, job_id, chunk, line, raw, "values", errors)
    ON waybill.validation_errors TO waybill_loader;
GRANT SELECT ON waybill.validation_errors TO waybill_api;
