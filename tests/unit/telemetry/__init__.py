"""The log's lines."""
