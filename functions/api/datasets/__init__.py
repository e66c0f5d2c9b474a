"""GET /datasets: the published contracts."""
