"""The local stack: AWS emulator, embedded PostgreSQL, deployer and their `waybill` commands."""
