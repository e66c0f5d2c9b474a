-- The text of rejects in datasets with personal columns is encrypted before it comes here.

-- The key that encrypts the data keys is not in the database.
CREATE TABLE waybill.data_keys (
    data_key uuid PRIMARY KEY,
    -- No foreign key: a batch adds its key before its job is registered.
    job_id uuid NOT NULL,
    dataset text NOT NULL,
    encrypted bytea NOT NULL
);
COMMENT ON TABLE waybill.data_keys IS
    'Data keys of encrypted rejects, each encrypted by AWS KMS for its dataset and job.';

ALTER TABLE waybill.validation_errors ADD COLUMN data_key uuid;
COMMENT ON COLUMN waybill.validation_errors.data_key IS
    'What `raw` is encrypted with; null for text as it was in the file.';
