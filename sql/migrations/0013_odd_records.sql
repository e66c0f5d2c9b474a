-- What becomes of records of only delimiters, and of a header in the middle of a file.

ALTER TABLE waybill.datasets
    ADD COLUMN skip_blank_records boolean NOT NULL DEFAULT true,
    ADD COLUMN repeated_header text NOT NULL DEFAULT 'reject'
        CHECK (repeated_header IN ('reject', 'load'));
COMMENT ON COLUMN waybill.datasets.skip_blank_records IS
    'Whether CSV records of only delimiters and blanks are blank lines, not records.';
COMMENT ON COLUMN waybill.datasets.repeated_header IS
    'What becomes of a CSV record whose fields are all column names.';

-- As for every new argument: the routine is created again, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.register_dataset;
