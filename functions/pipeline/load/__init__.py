"""The load step: stages one chunk of a job as checked, typed rows."""
