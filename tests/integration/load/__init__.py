"""The step `load` on a real PostgreSQL; S3 and SQS played by moto."""
