"""Data sources: kept, run and loaded."""
