"""Random histories of the real functions on a real PostgreSQL, held against a model in memory."""
