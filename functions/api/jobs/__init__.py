"""Answers for jobs: state, waybill, rejects, runs; cancels them."""
