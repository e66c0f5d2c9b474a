"""The step `refresh` on a real PostgreSQL, S3 emulated by moto."""
