"""Messages, retries and errors."""
