"""The local stack: emulator, embedded PostgreSQL, deployer, and the `waybill` commands for it."""
