"""Builds the assets of functions and layers, without Docker."""
