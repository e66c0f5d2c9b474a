"""Any bytes at all: nothing crashes, and the numbers add up."""
