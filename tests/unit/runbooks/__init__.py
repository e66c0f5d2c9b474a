"""The runbooks."""
