"""A real PostgreSQL for tests: one server per session, one database per test."""
