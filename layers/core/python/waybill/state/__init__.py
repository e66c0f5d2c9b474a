"""The state bucket: what functions must read and write without the database."""
