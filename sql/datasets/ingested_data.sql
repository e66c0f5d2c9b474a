-- Documents of any shape, identified by their content.
CREATE TABLE ingested_data (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    content_hash text NOT NULL UNIQUE,
    payload jsonb NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ingested_data IS 'Documents of any shape, identified by their content.';
COMMENT ON COLUMN ingested_data.content_hash IS 'SHA-256 of the normalised payload, in hex.';
COMMENT ON COLUMN ingested_data.payload IS 'The document, normalised.';
COMMENT ON COLUMN ingested_data.metadata IS
    'Which job, file and line it came from first; not part of its content.';

SELECT waybill.register_dataset(
    'ingested_data',
    content_key => 'content_hash',
    provenance => 'metadata',
    document => 'payload'
);
