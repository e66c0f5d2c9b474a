"""GET /admin/queries and /audit-logs: what administrators read from the database."""
