"""Stacks only wire."""
