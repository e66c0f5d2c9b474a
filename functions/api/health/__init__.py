"""Says whether database, storage and queue are in reach."""
