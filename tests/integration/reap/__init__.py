"""What stands still is freed, sent again or ended."""
