"""The step `merge` on a real PostgreSQL; SQS, S3 and the bus played by moto."""
