"""No request to the upload endpoints causes an internal error."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.api.upload.handler import handle
from tests.unit.http.api_client import call

pytestmark = pytest.mark.usefixtures("aws")

texts = st.text(st.characters(categories=None), max_size=8)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts
anything = st.recursive(
    leaves, lambda some: st.lists(some, max_size=3) | st.dictionaries(texts, some, max_size=3)
)
fields = ["filename", "size_bytes", "sha256", "dry_run", "encoding", "delimiter", "multipart"]
requests = st.dictionaries(st.sampled_from(fields) | texts, anything, max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(anything | requests)
def test_any_json_is_accepted_or_refused_with_a_problem(body: object) -> None:
    response = call(handle, "POST", "/uploads/parcels", json.dumps(body))
    assert response.status in (201, 400, 413, 422)
    if response.status != 201:
        response.problem()


@pytest.mark.parametrize(
    "body",
    [
        "[" * 200_000,
        '{"a":' * 100_000,
        '{"filename": "a", "size_bytes": ' + "9" * 10_000 + "}",
        '{"filename": "a", "size_bytes": 1e999}',
        '{"\\ud800": 1}',
        '{"filename": "\\ud800", "size_bytes": 1}',
        '{"filename": "a", "size_bytes": NaN}',
        "\ufeff{}",
    ],
)
def test_hostile_json_is_refused_briefly(body: str) -> None:
    response = call(handle, "POST", "/uploads/parcels", body)
    assert response.problem()[0] in (400, 422)
    assert len(response.text) < 2000


@pytest.mark.parametrize("query", ["%00=1", "a=%ff", "=", "&&", "a[]=1&a[]=2", "%ed%a0%80=1"])
def test_malformed_query_strings_are_accepted_or_refused(query: str) -> None:
    body = {"filename": "a", "size_bytes": 1}
    response = call(handle, "POST", f"/uploads/parcels?{query}", body)
    assert response.status in (201, 422)
