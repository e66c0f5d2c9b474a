"""PostgreSQL: connections, named queries, and what an error of the driver means."""
