"""Rows by value: strategies, pages, cache."""
