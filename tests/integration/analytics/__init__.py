"""The analytics doors on a real PostgreSQL, as API Gateway calls them."""
