"""GET /health: whether database, storage and queue are reachable."""
