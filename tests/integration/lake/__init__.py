"""Archived partitions on a real PostgreSQL; S3 emulated by moto, or over HTTP by the emulator."""
