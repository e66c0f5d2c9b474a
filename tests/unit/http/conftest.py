"""Fixtures of the doors."""

from tests.unit.http.doors import aws

__all__ = ["aws"]
