-- Exports of datasets: what was asked for, how far it is, and the files that it has written.

CREATE TABLE waybill.exports (
    export_id uuid PRIMARY KEY,
    dataset text NOT NULL REFERENCES waybill.datasets ON UPDATE CASCADE ON DELETE CASCADE,
    format text NOT NULL CHECK (format IN ('csv', 'jsonl', 'parquet', 'arrow')),
    escapes_formulas boolean NOT NULL,
    is_masked boolean NOT NULL,
    created_by text NOT NULL,
    state text NOT NULL DEFAULT 'PENDING'
        CHECK (state IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED')),
    attempt integer NOT NULL DEFAULT 1,
    snapshot text,
    next_file integer NOT NULL DEFAULT 1,
    after_relation oid NOT NULL DEFAULT 0,
    next_block bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    error jsonb
);
CREATE INDEX exports_open ON waybill.exports (changed_at) WHERE state IN ('PENDING', 'RUNNING');
COMMENT ON TABLE waybill.exports IS 'Exports of datasets as files in the state bucket.';
COMMENT ON COLUMN waybill.exports.attempt IS
    'An export begins again when the rows change: its files are of one state of the dataset.';
COMMENT ON COLUMN waybill.exports.snapshot IS
    'The generation of the rows and the storage of the tables that the attempt reads.';
COMMENT ON COLUMN waybill.exports.after_relation IS
    'The table, of those of the dataset in the order of their oids, that is read next.';
COMMENT ON COLUMN waybill.exports.next_block IS 'Its first page that is in no file yet.';

CREATE TABLE waybill.export_files (
    export_id uuid NOT NULL REFERENCES waybill.exports ON DELETE CASCADE,
    attempt integer NOT NULL,
    number integer NOT NULL,
    key text NOT NULL,
    rows bigint NOT NULL CHECK (rows >= 0),
    bytes bigint NOT NULL CHECK (bytes >= 0),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    PRIMARY KEY (export_id, attempt, number)
);
COMMENT ON TABLE waybill.export_files IS 'Files of exports, each written whole.';
