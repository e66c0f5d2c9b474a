"""The stacks, which only connect constructs."""
