"""GET /analytics: figures from the views."""
