"""GET /metrics: all metrics as Prometheus text. Needs no database."""
