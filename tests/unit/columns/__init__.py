"""The checks of columns, and what becomes of refused records."""
