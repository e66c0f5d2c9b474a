"""Brings the database to what `sql/` says, and publishes the contracts."""
