"""Mutation tests: change a line that keeps a promise, and check that a test fails."""
