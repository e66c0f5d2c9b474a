"""Definitions of data sources."""
