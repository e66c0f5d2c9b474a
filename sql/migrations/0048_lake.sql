-- The lake: old partitions as Parquet files, detached from their table and dropped.

ALTER TABLE waybill.datasets
    ADD COLUMN archive_after interval CHECK (archive_after >= interval '1 day');
COMMENT ON COLUMN waybill.datasets.archive_after IS
    'Age at which a partition is archived; null: never.';

CREATE TABLE waybill.archived_partitions (
    partition_id uuid PRIMARY KEY DEFAULT uuidv7(),
    dataset text NOT NULL REFERENCES waybill.datasets ON UPDATE CASCADE,
    label text NOT NULL,
    unit text NOT NULL,
    lower timestamp NOT NULL,
    upper timestamp NOT NULL,
    folder text NOT NULL,
    relation oid,
    columns jsonb NOT NULL,
    state text NOT NULL DEFAULT 'WRITING' CHECK (state IN (
        'WRITING', 'WRITTEN', 'DETACHED', 'ARCHIVED', 'RESTORING', 'RESTORED', 'FAILED')),
    attempt integer NOT NULL DEFAULT 1,
    restarts integer NOT NULL DEFAULT 0,
    next_file integer NOT NULL DEFAULT 1,
    next_block bigint NOT NULL DEFAULT 0,
    rows bigint,
    content numeric,
    landed bigint[],
    has_files boolean NOT NULL DEFAULT false,
    keep_until timestamptz,
    sent_at timestamptz,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    archived_at timestamptz,
    restored_at timestamptz,
    error jsonb,
    UNIQUE (dataset, label)
);
COMMENT ON TABLE waybill.archived_partitions IS
    'Partitions that are archived, on their way there or back, or restored.';
COMMENT ON COLUMN waybill.archived_partitions.label IS 'As 2019, 2019-03 or 2019-03-05.';
COMMENT ON COLUMN waybill.archived_partitions.folder IS
    'Prefix of its files in the state bucket; a Hive layout.';
COMMENT ON COLUMN waybill.archived_partitions.relation IS
    'Its table, until that is dropped, and from when a restore makes one.';
COMMENT ON COLUMN waybill.archived_partitions.columns IS 'The columns of its files, in order.';
COMMENT ON COLUMN waybill.archived_partitions.attempt IS
    'It is written again from the beginning if its rows change meanwhile.';
COMMENT ON COLUMN waybill.archived_partitions.restarts IS 'How often it was, in a row.';
COMMENT ON COLUMN waybill.archived_partitions.next_block IS
    'The first page of the table that is in no file yet.';
COMMENT ON COLUMN waybill.archived_partitions.content IS
    'Sum of the hashes of its rows, in whatever order; of the table, and of its files.';
COMMENT ON COLUMN waybill.archived_partitions.landed IS
    'The values of _landed in it: the loads that wrote its rows.';
COMMENT ON COLUMN waybill.archived_partitions.has_files IS 'Whether its folder has files.';
COMMENT ON COLUMN waybill.archived_partitions.keep_until IS
    'Until when a restored partition is not archived again.';
CREATE INDEX archived_partitions_open ON waybill.archived_partitions (changed_at)
    WHERE state IN ('WRITING', 'WRITTEN', 'DETACHED', 'RESTORING');

CREATE TABLE waybill.archived_files (
    partition_id uuid NOT NULL REFERENCES waybill.archived_partitions ON DELETE CASCADE,
    attempt integer NOT NULL,
    number integer NOT NULL,
    key text NOT NULL,
    rows bigint NOT NULL CHECK (rows >= 0),
    bytes bigint NOT NULL CHECK (bytes >= 0),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    content numeric NOT NULL,
    lake_key text,
    restored boolean NOT NULL DEFAULT false,
    PRIMARY KEY (partition_id, attempt, number)
);
COMMENT ON TABLE waybill.archived_files IS
    'Files of archived partitions. Each was read back and had the rows of its part of the table.';
COMMENT ON COLUMN waybill.archived_files.key IS
    'The file as it was written, which expires after a day.';
COMMENT ON COLUMN waybill.archived_files.lake_key IS 'Its copy in the folder of the partition.';

-- As for every new argument or result: the routine is created again, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.register_dataset;
DROP FUNCTION IF EXISTS waybill.needed_partitions;
