"""The step `plan` on a real PostgreSQL; S3 and SQS emulated by moto."""
