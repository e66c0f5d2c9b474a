"""Answers the analytics questions from the views."""
