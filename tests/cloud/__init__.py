"""S3, SQS and EventBridge, emulated by moto, with the project's buckets and queues."""
