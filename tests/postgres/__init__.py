"""A real PostgreSQL for tests: one server a session, one database a test."""
