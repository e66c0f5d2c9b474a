"""Publishes what commits left in the outbox."""
