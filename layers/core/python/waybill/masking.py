"""What stands in place of personal data."""

MASK = "[masked]"
"""As `waybill.mask()` in SQL."""
