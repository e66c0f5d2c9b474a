"""GET /admin/queries: what queries cost."""
