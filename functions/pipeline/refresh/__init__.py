"""Refreshes the materialised views that a job touched."""
