from tests.unit.http.api_client import aws

__all__ = ["aws"]
