-- What an escape takes the meaning from depends on whether there are quotes.
COMMENT ON COLUMN waybill.datasets.escape IS
    'Before a quote or itself in quotes of CSV files: that character is data. Without quotes, or with'
    ' escape_codes: everywhere, and before a delimiter or line end, too.';
