"""What is kept in the state bucket, where it needs no database."""
