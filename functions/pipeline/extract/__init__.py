"""Reads a source and writes what it sends to the landing bucket; has no database access."""
