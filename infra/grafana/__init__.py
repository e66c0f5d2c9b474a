"""The Grafana dashboard of the metrics that Prometheus reads."""
