-- Data sources: what is pulled, from where, and into which dataset; and the runs that pull it.

CREATE TABLE waybill.data_sources (
    source_id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text COLLATE "C" NOT NULL UNIQUE CHECK (name ~ '^[a-z_][a-z0-9_]{0,62}$'),
    kind text NOT NULL CHECK (kind IN ('s3', 'rest', 'database')),
    connection jsonb NOT NULL CHECK (jsonb_typeof(connection) = 'object'),
    dataset text NOT NULL,
    schedule text,
    transformation jsonb,
    retry jsonb NOT NULL DEFAULT '{}',
    notify jsonb,
    late_after_seconds integer CHECK (late_after_seconds >= 60),
    cursor text,
    last_job uuid,
    last_success_at timestamptz,
    declared_in text,
    created_by text DEFAULT nullif(current_setting('waybill.principal', true), ''),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE waybill.data_sources IS 'What is pulled, from where, when, and into which dataset.';
COMMENT ON COLUMN waybill.data_sources.connection IS
    'How the source is reached; credentials are a reference to a secret.';
COMMENT ON COLUMN waybill.data_sources.cursor IS
    'Where the next run begins, as of the last run that was settled.';
COMMENT ON COLUMN waybill.data_sources.last_job IS
    'The last run, while its outcome is not yet in cursor and last_success_at.';
COMMENT ON COLUMN waybill.data_sources.last_success_at IS
    'When the last run that was loaded began to read.';
COMMENT ON COLUMN waybill.data_sources.declared_in IS
    'File that declares the source, which is changed there; null if the API made it.';

CREATE TABLE waybill.source_runs (
    job_id uuid PRIMARY KEY REFERENCES waybill.ingestion_jobs ON DELETE CASCADE,
    source_id uuid REFERENCES waybill.data_sources ON DELETE SET NULL,
    cursor_from text,
    cursor_to text,
    records bigint,
    objects bigint
);
COMMENT ON TABLE waybill.source_runs IS 'Jobs whose records were pulled, and how far they read.';
CREATE INDEX source_runs_source ON waybill.source_runs (source_id, job_id);

ALTER TABLE waybill.ingestion_jobs DROP CONSTRAINT ingestion_jobs_state_check;
ALTER TABLE waybill.ingestion_jobs ADD CONSTRAINT ingestion_jobs_state_check CHECK (state IN (
    'AWAITING_UPLOAD', 'EXTRACTING', 'LANDED', 'LOADING', 'MERGING', 'COMPLETED',
    'COMPLETED_WITH_REJECTS', 'FAILED', 'CANCELLED', 'EXPIRED')) NOT VALID;
ALTER TABLE waybill.ingestion_jobs VALIDATE CONSTRAINT ingestion_jobs_state_check;
CREATE INDEX ingestion_jobs_extracting ON waybill.ingestion_jobs (created_at)
    WHERE state = 'EXTRACTING';
