"""Personal data: who sees it, and how it is erased."""
