"""Rows as CSV, JSON Lines, Parquet and Arrow, by Accept and by format."""

import base64
import io
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions.api.lookups.handler import handle
from tests.postgres.databases import Database
from tests.sql.analytics.seed import owner
from tests.unit.http.api_client import ADMIN, ApiResponse, call
from waybill.http.principal import Principal

ACCEPT = {
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
}
READER = Principal("a-reader", "reader", None, ADMIN.expires_at)
URL = "/datasets/birds/rows?kind=wader"
TABLE = """
    CREATE TABLE birds (
        id integer PRIMARY KEY, kind text, ring varchar(9), seen date, mass numeric(6, 2),
        heard timestamptz, notes jsonb, marks text[], late boolean,
        twice integer GENERATED ALWAYS AS (2 * id) STORED
    );
    SELECT waybill.register_dataset('birds', searchable => '{kind}', personal => '{ring,seen}');
    INSERT INTO birds VALUES
        (1, 'wader', '=1+1', '2021-07-27', 12.50, '2021-07-27 16:02:08+02', '{"a": "=x"}', '{a}',
            true),
        (2, 'wader', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
        (3, 'wader', E'a,"b"\n', '0001-01-01', -1, '9999-12-31 23:59:59.999999+00', '[]', '{}',
            false),
        (4, 'gull', '', 'infinity', 'NaN', '-infinity', 'null', '{NULL}', true)
"""
Fetch = Callable[..., ApiResponse]


@pytest.fixture
def fetch(database: Database, request: pytest.FixtureRequest) -> Fetch:
    with owner(database) as connection:
        connection.execute(TABLE.encode())
    # Only now: it publishes the contracts that there are.
    request.getfixturevalue("get")
    return partial(call, handle, "GET")


def table(response: ApiResponse) -> Any:
    """The Arrow table of a response with a Parquet or Arrow file."""
    data = io.BytesIO(base64.b64decode(response.text, validate=True))
    if response.headers["Content-Type"] == ACCEPT["parquet"]:
        return pq.read_table(data)
    return pa.ipc.open_file(data).read_all()


def test_csv_escapes_formulas(fetch: Fetch) -> None:
    response = fetch(URL, headers={"Accept": "text/csv"})
    assert (response.status, response.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert response.headers["Content-Disposition"] == 'inline; filename="birds.csv"'
    assert response.headers["Vary"] == "Accept"
    assert response.text == (
        '"id","kind","ring","seen","mass","heard","notes","marks","late","twice"\r\n'
        '1,"wader","\'=1+1",2021-07-27,12.50,2021-07-27 14:02:08+00,'
        '"{""a"": ""=x""}","{a}",true,2\r\n'
        '2,"wader",,,,,,,,4\r\n'
        '3,"wader","a,""b""\n",0001-01-01,-1.00,9999-12-31 23:59:59.999999+00,'
        '"[]","{}",false,6\r\n'
    )


def test_json_lines_are_the_rows_of_json(fetch: Fetch) -> None:
    rows = fetch(URL).json()["items"]
    response = fetch(f"{URL}&format=jsonl")
    assert response.headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line) for line in response.text.splitlines()] == rows


@pytest.mark.parametrize("file_format", ACCEPT)
def test_parquet_and_arrow_have_the_types_of_the_table(fetch: Fetch, file_format: str) -> None:
    response = fetch(URL, headers={"Accept": ACCEPT[file_format]})
    assert response.headers["Content-Disposition"] == f'inline; filename="birds.{file_format}"'
    found = table(response)
    assert [str(kind) for kind in found.schema.types] == [
        *("int32", "string", "string", "date32[day]", "decimal128(6, 2)"),
        *("timestamp[us, tz=UTC]", "string", "string", "bool", "int32"),
    ]
    assert found["ring"].to_pylist() == ["=1+1", None, 'a,"b"\n']
    assert found["seen"].to_pylist() == [date(2021, 7, 27), None, date(1, 1, 1)]
    assert found["mass"].to_pylist() == [Decimal("12.50"), None, Decimal("-1.00")]
    assert found["twice"].to_pylist() == [2, 4, 6]


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet", "arrow"])
def test_personal_values_are_masked_in_every_format(fetch: Fetch, file_format: str) -> None:
    headers = {"Accept": ACCEPT.get(file_format, "*/*")}
    url = f"{URL}&format={file_format}"
    response = fetch(url, headers=headers, caller=READER)
    if file_format in ACCEPT:
        found = table(response)
        assert found["ring"].to_pylist() == ["[masked]", None, "[masked]"]
        assert found["seen"].to_pylist() == ["[masked]", None, "[masked]"]
    else:
        assert response.text.count("[masked]") == 4
        assert "1+1" not in response.text
        assert "0001-01-01" not in response.text
    whole = fetch(url, headers=headers)
    assert whole.headers["ETag"] != response.headers["ETag"]


def test_pages_are_linked(fetch: Fetch) -> None:
    first = fetch(f"{URL}&limit=2&format=csv")
    link = first.headers["Link"]
    url = urlsplit(link[link.index("<") + 1 : link.index(">")])
    second = fetch(f"{url.path.removeprefix('/v1')}?{url.query}")
    assert "Link" not in second.headers
    lines = [*first.text.splitlines(), *second.text.splitlines()]
    assert [line[:3] for line in lines if line[:1].isdigit()] == ['1,"', '2,"', '3,"']


def test_each_representation_has_a_tag_of_its_own(fetch: Fetch) -> None:
    accepts = ["application/json", "text/csv", "application/x-ndjson", *ACCEPT.values()]
    tags = {accept: fetch(URL, headers={"Accept": accept}).headers["ETag"] for accept in accepts}
    assert len(set(tags.values())) == len(accepts)
    for accept, tag in tags.items():
        again = fetch(URL, headers={"Accept": accept, "If-None-Match": tag})
        assert (again.status, again.text, again.headers["Vary"]) == (304, "", "Accept")
    other = fetch(URL, headers={"Accept": "text/csv", "If-None-Match": tags["application/json"]})
    assert other.status == 200


def test_what_is_not_acceptable(fetch: Fetch) -> None:
    assert fetch(URL, headers={"Accept": "text/html"}).problem() == (406, "not-acceptable")
    assert fetch(f"{URL}&format=parquet").problem() == (406, "not-acceptable")
    assert fetch(f"{URL}&format=xlsx").problem() == (422, "invalid-request")


@pytest.mark.parametrize("file_format", ACCEPT)
def test_a_value_without_a_place_in_the_format(fetch: Fetch, file_format: str) -> None:
    url = "/datasets/birds/rows?kind=gull"
    response = fetch(url, headers={"Accept": ACCEPT[file_format]})
    assert response.problem() == (422, "not-representable")
    assert "Column seen has" in response.json()["detail"]
    assert ",infinity,NaN,-infinity," in fetch(url, headers={"Accept": "text/csv"}).text


@pytest.mark.parametrize("file_format", ["csv", "parquet", "arrow"])
def test_pages_fit_into_a_response(fetch: Fetch, database: Database, file_format: str) -> None:
    with owner(database) as connection:
        connection.execute(
            "INSERT INTO birds (id, kind, notes) SELECT i, 'heavy',"
            " to_jsonb((SELECT string_agg(md5((i * 9999 + j)::text), '')"
            " FROM generate_series(1, 9000) AS j)) FROM generate_series(10, 40) AS i"
        )
    response = fetch(
        f"/datasets/birds/rows?kind=heavy&limit=100&format={file_format}",
        headers={"Accept": ACCEPT.get(file_format, "*/*")},
    )
    assert response.status == 200
    assert 1_000_000 < len(response.text) < 6_000_000
    assert 'rel="next"' in response.headers["Link"]


def test_a_row_that_fits_into_no_response(fetch: Fetch, database: Database) -> None:
    with owner(database) as connection:
        connection.execute(
            "INSERT INTO birds (id, kind, notes) SELECT 99, 'huge',"
            " to_jsonb(string_agg(md5(j::text), '')) FROM generate_series(1, 150000) AS j"
        )
    response = fetch("/datasets/birds/rows?kind=huge", headers={"Accept": ACCEPT["arrow"]})
    assert response.problem() == (413, "response-too-large")
    assert "export the dataset" in response.json()["detail"]
