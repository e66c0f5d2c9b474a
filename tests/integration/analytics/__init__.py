"""The analytics endpoints with a real PostgreSQL, called as API Gateway does."""
