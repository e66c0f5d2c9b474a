"""The contract of a dataset: the requirements on its records, from the PostgreSQL catalog."""
