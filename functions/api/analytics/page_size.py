"""Sizes that keep a page of figures within Lambda's 6 MB response, in JSON and in CSV."""

PAGE_CHARACTERS = 1_500_000
LINE_CHARACTERS = 100
"""The numbers and the JSON keys of a line, beside its names."""
