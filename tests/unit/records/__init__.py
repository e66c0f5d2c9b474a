"""Splitting files into records and chunks, and detecting their layout."""
