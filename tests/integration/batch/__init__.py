"""Batches over HTTP, against a real database."""
