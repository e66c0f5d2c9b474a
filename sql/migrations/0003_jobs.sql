-- Jobs, their chunks, and their runs.

CREATE TABLE waybill.ingestion_jobs (
    job_id uuid PRIMARY KEY,
    dataset text NOT NULL,
    state text NOT NULL CHECK (state IN (
        'AWAITING_UPLOAD', 'LANDED', 'LOADING', 'MERGING', 'COMPLETED',
        'COMPLETED_WITH_REJECTS', 'FAILED', 'CANCELLED', 'EXPIRED')),
    kind text NOT NULL DEFAULT 'upload'
        CHECK (kind IN ('upload', 's3', 'batch', 'rest', 'database', 'replay')),
    bucket text,
    object_key text COLLATE "C",
    version_id text COLLATE "C" NOT NULL DEFAULT '',
    sequencer text COLLATE "C" NOT NULL DEFAULT '',
    etag text,
    size_bytes bigint,
    filename text,
    options jsonb NOT NULL DEFAULT '{}',
    landed_at timestamptz,
    landed_seq bigint,
    effective_order bigint,
    layout jsonb,
    contract jsonb,
    plan_attempt integer NOT NULL DEFAULT 0,
    chunks_total integer,
    sha256 text,
    read bigint,
    inserted bigint NOT NULL DEFAULT 0,
    updated bigint NOT NULL DEFAULT 0,
    unchanged bigint NOT NULL DEFAULT 0,
    superseded bigint NOT NULL DEFAULT 0,
    filtered bigint NOT NULL DEFAULT 0,
    rejected bigint NOT NULL DEFAULT 0,
    pending_reference bigint NOT NULL DEFAULT 0,
    deleted bigint NOT NULL DEFAULT 0,
    replaced text[],
    stamped boolean NOT NULL DEFAULT false,
    restamping boolean NOT NULL DEFAULT false,
    row_by_row boolean NOT NULL DEFAULT false,
    resolved_at timestamptz,
    written_by xid8,
    parents_seen pg_snapshot,
    error jsonb,
    parent_job_id uuid,
    duplicate_of uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    UNIQUE (dataset, landed_seq),
    -- A job whose numbers do not add up cannot be written, so its transaction is rolled back,
    -- its rows included.
    CONSTRAINT waybill_balances CHECK (read IS NULL OR read = inserted + updated + unchanged
        + superseded + filtered + rejected + pending_reference),
    CONSTRAINT waybill_when_merged CHECK (
        state NOT IN ('COMPLETED', 'COMPLETED_WITH_REJECTS') OR read IS NOT NULL)
);
COMMENT ON TABLE waybill.ingestion_jobs IS 'One row for each file, batch and replay.';
COMMENT ON COLUMN waybill.ingestion_jobs.deleted IS
    'Rows deleted because a replacing file does not contain them; not records.';
COMMENT ON COLUMN waybill.ingestion_jobs.landed_seq IS
    'Landing order, unique in the dataset; rows carry it in _landed.';
COMMENT ON COLUMN waybill.ingestion_jobs.sequencer IS
    'S3''s order of the writes to one key, padded; empty where the event had none.';
COMMENT ON COLUMN waybill.ingestion_jobs.plan_attempt IS
    'The attempt that may plan the object; a later one takes over, and earlier ones are refused.';
COMMENT ON COLUMN waybill.ingestion_jobs.effective_order IS
    'Landing order at which its records count, where it is not landed_seq: a replay counts right'
    ' after the file that it corrects.';
COMMENT ON COLUMN waybill.ingestion_jobs.replaced IS
    'Parts that the file replaced ('''' is the whole table): earlier files add nothing to them.';
COMMENT ON COLUMN waybill.ingestion_jobs.stamped IS
    'Whether the merge also stamped the rows that it found unchanged.';
COMMENT ON COLUMN waybill.ingestion_jobs.restamping IS
    'Whether the object is staged again, to stamp the rows that it found unchanged.';
COMMENT ON COLUMN waybill.ingestion_jobs.row_by_row IS
    'Whether the table refused the write as a set, so that records were written one by one.';
COMMENT ON COLUMN waybill.ingestion_jobs.resolved_at IS
    'When pending records of it were last written to the table.';
COMMENT ON COLUMN waybill.ingestion_jobs.written_by IS
    'The last transaction that wrote rows of it.';
COMMENT ON COLUMN waybill.ingestion_jobs.parents_seen IS
    'What was committed when parents of its records were last looked up.';

-- An object is registered once, however often its event is delivered.
CREATE UNIQUE INDEX ingestion_jobs_object ON waybill.ingestion_jobs
    (bucket, object_key, version_id) WHERE object_key IS NOT NULL;
-- Order of landing within a dataset, and the jobs that are still open.
CREATE INDEX ingestion_jobs_order ON waybill.ingestion_jobs
    (dataset, landed_at, object_key, sequencer, version_id);
CREATE INDEX ingestion_jobs_open ON waybill.ingestion_jobs (dataset, landed_seq)
    WHERE state IN ('LANDED', 'LOADING', 'MERGING');
CREATE INDEX ingestion_jobs_children ON waybill.ingestion_jobs (parent_job_id)
    WHERE parent_job_id IS NOT NULL;
CREATE INDEX ingestion_jobs_pending ON waybill.ingestion_jobs (dataset)
    WHERE pending_reference > 0;
-- The reaper's look for uploads that never came.
CREATE INDEX ingestion_jobs_awaited ON waybill.ingestion_jobs (created_at)
    WHERE state = 'AWAITING_UPLOAD';
CREATE INDEX ingestion_jobs_resolved ON waybill.ingestion_jobs (resolved_at)
    WHERE resolved_at IS NOT NULL;
CREATE INDEX ingestion_jobs_restamping ON waybill.ingestion_jobs (dataset) WHERE restamping;

CREATE TABLE waybill.chunks (
    job_id uuid NOT NULL REFERENCES waybill.ingestion_jobs ON DELETE CASCADE,
    chunk integer NOT NULL,
    byte_from bigint NOT NULL,
    byte_to bigint NOT NULL,
    first_line bigint NOT NULL,
    done boolean NOT NULL DEFAULT false,
    read bigint NOT NULL DEFAULT 0,
    staged bigint NOT NULL DEFAULT 0,
    rejected bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, chunk)
);
COMMENT ON TABLE waybill.chunks IS
    'Byte ranges of an object; `done` is set in the transaction of the chunk''s COPY.';

CREATE TABLE waybill.job_runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES waybill.ingestion_jobs ON DELETE CASCADE,
    step text NOT NULL,
    chunk integer,
    attempt integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    outcome text CHECK (outcome IN ('ok', 'rejected', 'retry')),
    error jsonb
);
COMMENT ON TABLE waybill.job_runs IS 'One row per attempt of a step at a job.';
CREATE INDEX job_runs_job ON waybill.job_runs (job_id, run_id);
CREATE INDEX job_runs_open ON waybill.job_runs (started_at) WHERE finished_at IS NULL;
