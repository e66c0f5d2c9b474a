"""The grammar of records, the cutter, chunk boundaries and heads of files."""
