"""Applies `sql/` to the database and publishes the contracts."""
