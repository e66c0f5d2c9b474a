"""Notifications: receivers, digests, and how a digest reads."""
