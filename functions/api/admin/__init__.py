"""Sends again what failed, and what is in the landing bucket already."""
