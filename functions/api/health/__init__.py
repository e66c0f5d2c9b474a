"""GET /health and GET /health/deep: whether storage, queue and database are reachable."""
