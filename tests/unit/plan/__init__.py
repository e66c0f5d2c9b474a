"""The parts of the function `plan` that need no database."""
