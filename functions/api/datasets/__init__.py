"""Answers for datasets: their contracts as published."""
