-- What the merge works with and what it returns.

CREATE TYPE waybill.record_class AS ENUM (
    'insert',
    'update',
    'unchanged',
    'superseded',
    'pending',
    'rejected'
);
COMMENT ON TYPE waybill.record_class IS
    'What becomes of a record: superseded by a later record, pending until its parent exists.';

CREATE TYPE waybill.merge_plan AS (
    job_id uuid,
    -- The stamp of the rows that it writes.
    effective_order bigint,
    -- The staged records, as a table expression.
    source text,
    target regclass,
    contract jsonb,
    -- Columns that the file has.
    columns text[],
    -- Whether some records lack some of these columns.
    has_absent boolean,
    -- Columns that Waybill fills, each with its SQL expression.
    computed jsonb,
    -- Columns that the file lacks but a foreign key or the partitioning reads.
    defaulted text[],
    natural_key text[],
    disposition text,
    partition_column text,
    partition_unit text,
    keeps_raw boolean,
    -- Whether the table has the column _landed.
    is_stamped boolean,
    -- Whether rows that the file has as they are get its stamp too.
    stamp_unchanged boolean,
    -- Partitions that a later-landed file has replaced; '' is the whole table.
    replaced_later text[]
);

CREATE TYPE waybill.merge_counts AS (
    read bigint,
    inserted bigint,
    updated bigint,
    unchanged bigint,
    superseded bigint,
    rejected bigint,
    pending_reference bigint,
    -- Rows that a replacing file does not have.
    deleted bigint,
    row_by_row boolean,
    -- Partitions that the file replaced; '' is the whole table.
    replaced text[]
);

CREATE TYPE waybill.merge_result AS (
    -- merged, ended (nothing to do), waiting (for something that comes first), or restage.
    outcome text,
    state text,
    dataset text,
    waiting_for jsonb,
    -- Chunks of the job to stage again, for `restage`.
    chunks integer[],
    -- Later jobs to stage again before this one may merge: [{job_id, chunks}].
    reload jsonb,
    -- Jobs that may merge now.
    unblocked uuid[],
    -- Jobs with pending records whose parents may exist now.
    pending uuid[]
);

CREATE TABLE waybill.unchanged_keys (
    job_id uuid PRIMARY KEY REFERENCES waybill.ingestion_jobs ON DELETE CASCADE,
    hashes bigint[] NOT NULL
);
COMMENT ON TABLE waybill.unchanged_keys IS
    'Hashes of the keys that a job found unchanged and did not stamp, if there are not too many.';
