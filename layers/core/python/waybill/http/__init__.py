"""HTTP doors: one way to validate a request, to answer, and to say what went wrong."""
