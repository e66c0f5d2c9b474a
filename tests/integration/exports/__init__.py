"""Exports of datasets, written by `load` and loaded again."""
