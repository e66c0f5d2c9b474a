"""Encryption of texts."""
