"""Objects of the landing bucket, and markers of the state bucket."""
