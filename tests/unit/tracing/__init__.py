"""Traces of X-Ray."""
