"""Proposes a dataset for a file, with the loader's own readers and checks."""
