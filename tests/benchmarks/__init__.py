"""Benchmarks: `python -m tests.benchmarks.<name>`. They print ratios and never fail on a time."""
