"""The database goes away, and nothing is lost or given up."""
