-- Datasets whose files are Parquet, Arrow or Excel, and the sheet of a workbook.

ALTER TABLE waybill.datasets
    DROP CONSTRAINT datasets_file_format_check,
    ADD CONSTRAINT datasets_file_format_check
        CHECK (file_format IN ('auto', 'csv', 'json', 'parquet', 'arrow', 'xlsx')),
    ADD COLUMN sheet text;
COMMENT ON COLUMN waybill.datasets.sheet IS
    'Name of the sheet that is read of a workbook; null for the first.';

-- As for every new argument: the routine is created again, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.register_dataset;
