"""Sends errors in the functions' logs to an error tracker."""
