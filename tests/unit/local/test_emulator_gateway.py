"""A policy's resource matches as in IAM."""

import pytest

from infra.local.emulator_gateway import arn_matches

ANY = "arn:aws:execute-api:us-east-1:000000000000:api/v1/*"


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        (ANY, "PUT/data-sources/x"),
        (ANY, "PUT/data-sources/a\nb"),
        (ANY, "GET/jobs/x\n"),
        (f"{ANY[:-1]}GET/?", "GET/\n"),
        (f"{ANY[:-1]}GET/a.b", "GET/a.b"),
    ],
)
def test_a_resource_that_matches(pattern: str, path: str) -> None:
    assert arn_matches(pattern, ANY[:-1] + path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        (f"{ANY[:-1]}GET/jobs", "GET/jobs/x"),
        (f"{ANY[:-1]}GET/jobs", "GET/jobs\n"),
        (f"{ANY[:-1]}GET/a.b", "GET/aXb"),
        (f"{ANY[:-1]}GET/?", "GET/"),
    ],
)
def test_a_resource_that_does_not_match(pattern: str, path: str) -> None:
    assert not arn_matches(pattern, ANY[:-1] + path)
