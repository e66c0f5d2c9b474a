-- The ledger: what is registered, what landed, what became of it.

CREATE TABLE waybill.datasets (
    name text PRIMARY KEY CHECK (name ~ '^[a-z_][a-z0-9_]{0,62}$'),
    target regclass NOT NULL UNIQUE,
    write_disposition text NOT NULL
        CHECK (write_disposition IN ('merge', 'append', 'replace')),
    natural_key text[] NOT NULL,
    content_key text,
    provenance text,
    document text,
    replace_scope text NOT NULL CHECK (replace_scope IN ('table', 'partition')),
    file_format text NOT NULL CHECK (file_format IN ('auto', 'csv', 'json')),
    formats jsonb NOT NULL CHECK (jsonb_typeof(formats) = 'object'),
    encoding text,
    aliases jsonb NOT NULL,
    null_words text[] NOT NULL,
    trim_text boolean NOT NULL,
    personal text[] NOT NULL,
    delimiter text CHECK (delimiter IN (',', ';', E'\t', '|')),
    header text NOT NULL CHECK (header IN ('auto', 'present', 'absent')),
    partition_unit text CHECK (partition_unit IN ('year', 'month', 'day')),
    on_missing_parent text NOT NULL CHECK (on_missing_parent IN ('pending', 'reject')),
    max_reject_share numeric CHECK (max_reject_share BETWEEN 0 AND 1),
    max_rejects bigint CHECK (max_rejects >= 0)
);
COMMENT ON TABLE waybill.datasets IS 'What a catalog cannot say of a registered table.';
COMMENT ON COLUMN waybill.datasets.content_key IS
    'Column that holds the SHA-256 of a record''s content, where that is what identifies it.';
COMMENT ON COLUMN waybill.datasets.document IS
    'Column of type jsonb that takes whole records, whatever their fields.';
COMMENT ON COLUMN waybill.datasets.formats IS
    'Per column how it is written in files: {"price": {"decimal": ",", "thousands": "."}}.';
COMMENT ON COLUMN waybill.datasets.max_reject_share IS
    'Share of a file''s records past whose refusal the file fails whole.';
COMMENT ON COLUMN waybill.datasets.max_rejects IS
    'Number of a file''s records past whose refusal the file fails whole.';

CREATE TABLE waybill.contract_versions (
    dataset text NOT NULL REFERENCES waybill.datasets ON DELETE CASCADE,
    version integer NOT NULL,
    contract jsonb NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (dataset, version)
);
COMMENT ON TABLE waybill.contract_versions IS 'Every contract that a job may have been read with.';

CREATE TABLE waybill.ingestion_jobs (
    job_id uuid PRIMARY KEY,
    dataset text NOT NULL,
    state text NOT NULL CHECK (state IN (
        'AWAITING_UPLOAD', 'LANDED', 'LOADING', 'MERGING', 'COMPLETED',
        'COMPLETED_WITH_REJECTS', 'FAILED', 'CANCELLED', 'EXPIRED')),
    kind text NOT NULL DEFAULT 'upload'
        CHECK (kind IN ('upload', 's3', 'batch', 'rest', 'database', 'replay')),
    bucket text,
    object_key text,
    version_id text NOT NULL DEFAULT '',
    etag text,
    size_bytes bigint,
    filename text,
    options jsonb NOT NULL DEFAULT '{}',
    landed_at timestamptz,
    landed_seq bigint,
    effective_order bigint,
    layout jsonb,
    contract jsonb,
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
    error jsonb,
    parent_job_id uuid,
    duplicate_of uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    UNIQUE (dataset, landed_seq),
    -- The promise, kept by the database itself: a job whose numbers do not add up cannot
    -- be written, so its transaction, rows and all, is undone.
    CONSTRAINT waybill_balances CHECK (read IS NULL OR read = inserted + updated + unchanged
        + superseded + filtered + rejected + pending_reference),
    CONSTRAINT waybill_when_merged CHECK (
        state NOT IN ('COMPLETED', 'COMPLETED_WITH_REJECTS') OR read IS NOT NULL)
);
COMMENT ON TABLE waybill.ingestion_jobs IS 'One row per file that landed or is awaited.';
COMMENT ON COLUMN waybill.ingestion_jobs.deleted IS
    'Rows that left the table because a replacing file does not have them; not records.';
COMMENT ON COLUMN waybill.ingestion_jobs.landed_seq IS
    'Place in the order of landing, unique per dataset; rows carry it in _landed.';
COMMENT ON COLUMN waybill.ingestion_jobs.effective_order IS
    'Place at which its records count, where that is not its own: a replay counts at the place'
    ' of the file that it corrects.';
COMMENT ON COLUMN waybill.ingestion_jobs.replaced IS
    'Parts that the file replaced whole ('''' is the table): nothing landed earlier enters them.';
COMMENT ON COLUMN waybill.ingestion_jobs.stamped IS
    'Whether the merge also stamped the rows it found unchanged.';
COMMENT ON COLUMN waybill.ingestion_jobs.restamping IS
    'Whether the object is being staged again to stamp the rows it found unchanged.';
COMMENT ON COLUMN waybill.ingestion_jobs.row_by_row IS
    'Whether the table refused the write as a set, so that it was made record by record.';

-- An object is registered once, however often its event is delivered.
CREATE UNIQUE INDEX ingestion_jobs_object ON waybill.ingestion_jobs
    (bucket, object_key, version_id) WHERE object_key IS NOT NULL;
-- Order of landing within a dataset, and the jobs that are still open.
CREATE INDEX ingestion_jobs_order ON waybill.ingestion_jobs
    (dataset, landed_at, object_key, version_id);
CREATE INDEX ingestion_jobs_open ON waybill.ingestion_jobs (dataset, landed_seq)
    WHERE state IN ('LANDED', 'LOADING', 'MERGING');
CREATE INDEX ingestion_jobs_children ON waybill.ingestion_jobs (parent_job_id)
    WHERE parent_job_id IS NOT NULL;
CREATE INDEX ingestion_jobs_pending ON waybill.ingestion_jobs (dataset)
    WHERE pending_reference > 0;

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
    'Byte ranges of an object; `done` is written in the transaction of the chunk''s COPY.';

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

CREATE TABLE waybill.validation_errors (
    reject_id uuid NOT NULL DEFAULT uuidv7(),
    -- No foreign key, and one index only: of a file that is half bad they would cost more
    -- than all the rest. Jobs are never deleted.
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
    'Rejects: records that were refused, byte for byte, with every reason.';

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
    'Good records whose parent is not there yet; taken in when a load brings it.';

CREATE TABLE waybill.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz
);
COMMENT ON TABLE waybill.outbox IS
    'What must be told after a commit, written in that commit.';
CREATE INDEX outbox_unpublished ON waybill.outbox (id) WHERE published_at IS NULL;

CREATE TABLE waybill.stale_parts (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset text NOT NULL,
    part text NOT NULL,
    job_id uuid NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE waybill.stale_parts IS
    'Parts of datasets that changed since the views were refreshed.';
CREATE INDEX stale_parts_part ON waybill.stale_parts (dataset, part);

CREATE TABLE waybill.idempotency_keys (
    key text NOT NULL,
    dataset text NOT NULL,
    sha256 text NOT NULL,
    answer jsonb NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (key, dataset)
);
COMMENT ON TABLE waybill.idempotency_keys IS
    'Answers to batches, so that one that is sent again is answered again, not written again.';

GRANT INSERT (job_id, chunk, line, raw, "values", errors)
    ON waybill.validation_errors TO waybill_loader;
GRANT SELECT ON waybill.validation_errors TO waybill_api;
