"""Proposals of datasets, without a database."""
