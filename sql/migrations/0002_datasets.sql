-- Registered datasets and their contracts.

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
    partition_range daterange NOT NULL,
    on_missing_parent text NOT NULL CHECK (on_missing_parent IN ('pending', 'reject')),
    max_reject_share numeric CHECK (max_reject_share BETWEEN 0 AND 1),
    max_rejects bigint CHECK (max_rejects >= 0)
);
COMMENT ON TABLE waybill.datasets IS 'Registered tables: what the catalog does not say about them.';
COMMENT ON COLUMN waybill.datasets.content_key IS
    'Column with the SHA-256 of a record''s content, where the content is the key.';
COMMENT ON COLUMN waybill.datasets.provenance IS
    'Column of type jsonb that records the job, file and line of a record.';
COMMENT ON COLUMN waybill.datasets.document IS
    'Column of type jsonb that holds whole records, whatever their fields.';
COMMENT ON COLUMN waybill.datasets.formats IS
    'How files write each column: {"price": {"decimal": ",", "thousands": "."}}.';
COMMENT ON COLUMN waybill.datasets.partition_range IS
    'Times for which partitions are made; records outside it are rejected.';
COMMENT ON COLUMN waybill.datasets.max_reject_share IS
    'The file fails when more than this share of its records is rejected.';
COMMENT ON COLUMN waybill.datasets.max_rejects IS
    'The file fails when more than this number of its records is rejected.';

CREATE TABLE waybill.contract_versions (
    dataset text NOT NULL REFERENCES waybill.datasets ON DELETE CASCADE,
    version integer NOT NULL,
    contract jsonb NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (dataset, version)
);
COMMENT ON TABLE waybill.contract_versions IS 'Every contract that a job was or is loaded with.';
