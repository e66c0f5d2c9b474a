"""The documents door: what was ingested without a fixed shape."""
