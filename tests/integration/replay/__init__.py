"""Replays of corrected rejects, through the whole pipeline."""
