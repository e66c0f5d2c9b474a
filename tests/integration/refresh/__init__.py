"""The step `refresh` on a real PostgreSQL, S3 played by moto."""
