"""The library that the functions share."""
