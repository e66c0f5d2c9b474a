from tests.unit.http.doors import aws

__all__ = ["aws"]
