"""The steps of a file's path and the doors around it, one folder each."""
