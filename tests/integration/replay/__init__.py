"""Rejects corrected and sent back, through every step."""
