"""Proposed datasets take the files that they were proposed for."""
