-- A size limit for the files of a dataset.

ALTER TABLE waybill.datasets
    ADD COLUMN max_upload_bytes bigint CHECK (max_upload_bytes >= 1);
COMMENT ON COLUMN waybill.datasets.max_upload_bytes IS
    'A file of more bytes is refused; null: the limit of the installation.';

-- As for every new argument: the routine is created again, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.register_dataset;
