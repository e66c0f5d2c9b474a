"""Looks after what no message looks after any more."""
