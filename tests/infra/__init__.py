"""Invariants of the templates of every environment."""
