"""Sends digests of notifications to their receivers; has no database access."""
