"""POST /admin/redrive: send failed messages, or objects of the landing bucket, again."""
