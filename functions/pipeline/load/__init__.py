"""Stages one chunk of a job: byte range to checked, typed rows."""
