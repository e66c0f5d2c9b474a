"""The grammar of records, the cutter, chunk boundaries and next_chunks of files."""
