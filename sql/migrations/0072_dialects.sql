-- How fields are quoted and escaped in the CSV files of a dataset, and any delimiter.

-- A blank separates nothing: texts are trimmed, and files aligned with blanks have runs of them.
ALTER TABLE waybill.datasets
    DROP CONSTRAINT datasets_delimiter_check,
    ADD CONSTRAINT datasets_delimiter_check CHECK (length(delimiter) = 1
        AND ascii(delimiter) BETWEEN 1 AND 127 AND delimiter !~ '[A-Za-z0-9 "\r\n]'),
    ADD COLUMN quote text DEFAULT '"' CHECK (quote ~ '^[!-/:-@[-`{-~]$'),
    ADD COLUMN escape text CHECK (escape ~ '^[!-/:-@[-`{-~]$'),
    ADD COLUMN escape_codes boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT datasets_dialect_check
        CHECK (quote <> escape AND quote <> delimiter AND escape <> delimiter),
    ADD CONSTRAINT datasets_escape_codes_check CHECK (escape IS NOT NULL OR NOT escape_codes);
COMMENT ON COLUMN waybill.datasets.quote IS 'Around fields of CSV files; null if there are no quotes.';
COMMENT ON COLUMN waybill.datasets.escape IS
    'Before a quote, delimiter, line end or itself in CSV files: that character is data.';
COMMENT ON COLUMN waybill.datasets.escape_codes IS
    'Whether b, f, n, r, t and v after the escape stand for control characters.';

-- As for every new argument: the routine is created again, and must not exist twice.
DROP FUNCTION IF EXISTS waybill.register_dataset;
