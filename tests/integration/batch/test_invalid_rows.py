"""Invalid rows are reported, and refuse an atomic batch."""

import json

import pytest

from tests.integration.batch.batch_rows import SALES, errors, hire, rows
from tests.integration.batch.conftest import Post
from tests.postgres.databases import Database

WRONG: list[tuple[dict[str, object], str, str]] = [
    (hire(1, id="one"), "id", "invalid_integer"),
    (hire(1, id=True), "id", "invalid_integer"),
    (hire(1, id=2**31), "id", "out_of_range"),
    (hire(1, id=None), "id", "required"),
    (hire(1, name=None), "name", "required"),
    (hire(1, name=["Ada"]), "name", "wrong_type"),
    (hire(1, name="A\0da"), "name", "nul_byte"),
    (hire(1, name="\ud800"), "name", "invalid_utf8"),
    (hire(1, hire_dt="2021-02-30T00:00:00Z"), "hire_dt", "invalid_timestamp"),
    (hire(1, hire_dt="2021-02-03T00:00:00"), "hire_dt", "timestamp_without_zone"),
    (hire(1, hire_dt={}), "hire_dt", "wrong_type"),
    (hire(1, department_id=9), "department_id", "unknown_reference"),
    (hire(1, colour="red"), "colour", "unknown_field"),
    (hire(1, datetime="2021-07-27T16:02:08Z"), "datetime", "unknown_field"),
    ({**hire(1), "a\0": 1}, "a\ufffd", "unknown_field"),
    ({**hire(1), "\ud800": 1}, "?", "unknown_field"),
    ({**hire(1), "a/b~": 1}, "a/b~", "unknown_field"),
    ({"id": 1, "hire_dt": "2021-07-27T16:02:08Z"}, "name", "required"),
]


@pytest.mark.parametrize(("row", "column", "code"), WRONG)
def test_one_invalid_row_refuses_the_whole_batch(
    post: Post, database: Database, row: dict[str, object], column: str, code: str
) -> None:
    response = post("hired_employees", [hire(7), row])
    assert response.problem() == (422, "batch-refused"), response.text
    assert errors(response) == [(1, column, code)]
    (error,) = response.json()["errors"]
    escaped = column.replace("~", "~0").replace("/", "~1")
    assert error["pointer"] == f"/rows/1/{escaped}"
    assert error["message"]
    partial = post("hired_employees", [row], mode="partial")
    assert errors(partial) == [(0, column, code)]
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute("DELETE FROM waybill.ingestion_jobs")
    assert rows(database, "SELECT count(*) FROM hired_employees") == [(0,)]
    assert rows(database, "SELECT count(*) FROM waybill.ingestion_jobs") == [(0,)]


def test_every_invalid_row_is_reported_with_every_reason(post: Post) -> None:
    wrong = hire(1, id="x", name=[], colour=1)
    response = post("hired_employees", [wrong] * 400)
    found = errors(response)
    assert len(found) == 1000
    assert response.json()["errors_total"] == 1200
    reasons = [("colour", "unknown_field"), ("id", "invalid_integer"), ("name", "wrong_type")]
    assert sorted(found[:3]) == [(0, *reason) for reason in reasons]


def test_a_partial_batch_writes_valid_rows_and_stores_rejects(
    post: Post, database: Database
) -> None:
    given = [hire(1), hire(2, id="x\0"), hire(3, department_id=9), hire(4, name=None)]
    response = post("hired_employees", given, mode="partial")
    assert response.status == 200, response.text
    reported = response.json()
    assert (reported["state"], reported["rows_written"]) == ("COMPLETED_WITH_REJECTS", 1)
    numbers = ("read", "inserted", "rejected", "pending_reference")
    assert [reported["waybill"][name] for name in numbers] == [4, 1, 2, 1]
    assert sorted(errors(response)) == [
        (1, "id", "nul_byte"),
        (2, "department_id", "unknown_reference"),
        (3, "name", "required"),
    ]
    kept = rows(database, 'SELECT line, raw, "values" FROM waybill.validation_errors ORDER BY 1')
    assert [line for line, _, _ in kept] == [2, 4]
    assert json.loads(bytes(kept[1][1])) == given[3]
    assert kept[1][2]["name"] is None


def test_a_partial_batch_may_have_no_valid_row(post: Post) -> None:
    response = post("departments", [{"id": "x", "department": "y"}], mode="partial")
    assert response.status == 200, response.text
    assert response.json()["waybill"]["rejected"] == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"rows": []}, 422, "invalid-request"),
        ({"rows": [SALES] * 1001}, 422, "invalid-request"),
        ({"rows": SALES}, 422, "invalid-request"),
        ({"rows": [1]}, 422, "invalid-request"),
        ({}, 422, "invalid-request"),
        ({"rows": [SALES], "mode": "some"}, 422, "invalid-request"),
        ({"rows": [SALES], "colour": "red"}, 422, "invalid-request"),
        ({"rows": [SALES], "table": "jobs"}, 422, "invalid-request"),
        ("{", 400, "malformed-json"),
        ('{"rows": [{"id": NaN}]}', 400, "malformed-json"),
        ('{"rows": [{"id": 1, "id": 2}]}', 400, "malformed-json"),
    ],
)
def test_invalid_requests_are_refused(post: Post, body: object, status: int, code: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    assert post("departments", text).problem() == (status, code)
