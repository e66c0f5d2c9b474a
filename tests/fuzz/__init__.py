"""Fuzz tests: on any input nothing crashes and the counts add up."""
