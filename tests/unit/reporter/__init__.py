"""Errors of the log as an error tracker receives them."""
