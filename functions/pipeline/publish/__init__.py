"""Publishes digests of notifications, and the events that are left in the outbox."""
