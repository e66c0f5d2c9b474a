"""Requests to hosts that users name: sources and receivers of notifications."""
