"""POST /batch: rows that are checked and merged like a file, synchronously."""
