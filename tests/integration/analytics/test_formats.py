"""Figures as JSON Lines, Parquet and Arrow, by Accept and by format."""

import base64
import io
import json
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions.api.analytics.handler import handle
from tests.unit.http.api_client import call

pytestmark = pytest.mark.usefixtures("company")
QUARTERS = "/analytics/hired/by-quarter?year=2021"
ABOVE = "/analytics/departments/above-average?year=2021"
get = partial(call, handle, "GET")
READERS = {
    "application/vnd.apache.parquet": lambda data: pq.read_table(io.BytesIO(data)),
    "application/vnd.apache.arrow.file": lambda data: pa.ipc.open_file(data).read_all(),
}


@pytest.mark.parametrize("target", [QUARTERS, ABOVE])
@pytest.mark.parametrize("accept", READERS)
def test_tables_have_the_figures_of_json(target: str, accept: str) -> None:
    figures = get(target).json()
    response = get(target, headers={"Accept": f"{accept}, application/json;q=0.1"})
    assert (response.status, response.headers["Content-Type"]) == (200, accept)
    table = READERS[accept](base64.b64decode(response.text, validate=True))
    assert table.to_pylist() == figures["items"]
    assert table.schema.field("department").type == pa.string()
    assert {str(kind) for kind in table.schema.types} == {"string", "int64"}
    assert response.headers["Waybill-Unassigned"] == str(figures["unassigned"])
    assert response.headers["Vary"] == "Accept"


def test_json_lines() -> None:
    response = get(f"{QUARTERS}&format=jsonl&limit=2")
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert lines == get(f"{QUARTERS}&limit=2").json()["items"]
    assert 'rel="next"' in response.headers["Link"]


@pytest.mark.parametrize("accept", ["application/json", "text/csv", *READERS])
def test_not_modified_is_of_one_representation(accept: str) -> None:
    tag = get(QUARTERS, headers={"Accept": accept}).headers["ETag"]
    again = get(QUARTERS, headers={"Accept": accept, "If-None-Match": tag})
    assert (again.status, again.headers["Vary"]) == (304, "Accept")
    other = get(QUARTERS, headers={"Accept": "application/x-ndjson", "If-None-Match": tag})
    assert other.status == 200


def test_nothing_acceptable_is_a_problem() -> None:
    assert get(QUARTERS, headers={"Accept": "image/png"}).problem() == (406, "not-acceptable")
    assert get(f"{ABOVE}&format=arrow").problem() == (406, "not-acceptable")
