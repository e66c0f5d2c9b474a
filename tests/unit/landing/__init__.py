"""Objects of the landing bucket, and marks of the state bucket."""
