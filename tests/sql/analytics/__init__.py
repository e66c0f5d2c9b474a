"""The views, their refresh, and the queries on them."""
