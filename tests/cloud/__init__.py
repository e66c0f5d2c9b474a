"""S3, SQS and EventBridge as moto plays them, with the project's buckets and queues."""
