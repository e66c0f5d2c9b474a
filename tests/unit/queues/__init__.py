"""Messages and their fates."""
