"""The runner of `sql/`, on empty databases, and the step that calls it."""
