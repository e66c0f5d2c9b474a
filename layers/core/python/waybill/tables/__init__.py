"""Rows as files: CSV, JSON Lines, Parquet and Arrow."""
