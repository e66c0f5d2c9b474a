"""The batch door: a few rows, checked and written like a file, while the caller waits."""
