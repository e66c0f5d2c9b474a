"""Cache-aside."""
