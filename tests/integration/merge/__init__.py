"""The step `merge` on a real PostgreSQL; SQS, S3 and EventBridge emulated by moto."""
