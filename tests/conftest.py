"""What every folder of tests may use: one PostgreSQL server a session, one database a test."""

pytest_plugins = ["tests.postgres.fixtures"]
