"""Resends lost messages, ends stalled work and expires uploads."""
