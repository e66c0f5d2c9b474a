"""The views, their refresh, and the questions that are asked of them."""
