"""A random world: the real steps on a real PostgreSQL, held against a small model in memory."""
