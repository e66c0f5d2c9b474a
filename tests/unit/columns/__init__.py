"""The checks of columns, and rejected records."""
