"""Publishes the events that are left in the outbox."""
