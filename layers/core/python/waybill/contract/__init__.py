"""The contract of a dataset: what the PostgreSQL catalog says its records must be."""
