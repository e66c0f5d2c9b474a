"""Archives: the rejects of all members in pages, and their jobs as a list."""

import csv
import io
import json
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from functions.api.jobs.reject_models import RejectPage
from tests.sql.staging import Ledger
from tests.unit.http.api_client import STATE
from tests.unit.jobs.conftest import Ask
from waybill.contract.model import Contract
from waybill.ids import new_id
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BAD = [{"column": "id", "code": "not_an_integer", "message": "is no integer"}]
MEMBERS = 130


@pytest.fixture
def archive(ledger: Ledger, aws: "S3Client") -> UUID:
    """An archive of members, of which every third has two rejects."""
    StateBucket(aws, STATE).contracts.publish(
        Contract.model_validate(ledger.contract("departments"))
    )
    job = ledger.land("departments", 1)
    ids = sorted(new_id() for _ in range(MEMBERS))
    members = [(member, position) for position, member in enumerate(ids, 1)]
    cursor = ledger.admin.cursor()
    cursor.execute("UPDATE waybill.ingestion_jobs SET archive_format = 'zip', state = 'LOADING'")
    cursor.executemany(
        "INSERT INTO waybill.archive_members (archive_job_id, position, name, size_bytes,"
        " job_id, object_key) VALUES (%s, %s, %s, 1, %s, %s)",
        [(job, n, f"m{n}.csv", member, f"k/{n:06}") for member, n in members],
    )
    cursor.executemany(
        "INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, filename, archive_job_id,"
        " landing_order) VALUES (%s, 'departments', 'LOADING', %s, %s, %s)",
        [(member, f"m{n}.csv", job, 10**15 + n) for member, n in members],
    )
    cursor.executemany(
        'INSERT INTO waybill.validation_errors (job_id, line, raw, "values", errors)'
        " VALUES (%s, %s, %s, '{}', %s)",
        [
            (member, line, b"x", json.dumps(BAD))
            for member, n in members
            if n % 3 == 0
            for line in (7, 2)
        ],
    )
    return job


def expected() -> list[tuple[str, int]]:
    return [(f"m{n}.csv", line) for n in range(3, MEMBERS + 1, 3) for line in (2, 7)]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_rejects_of_an_archive_name_member_and_line(ask: Ask, archive: UUID, limit: int) -> None:
    found: list[tuple[str | None, int]] = []
    cursor = ""
    while cursor != "&cursor=None":
        page = ask("GET", f"/jobs/{archive}/rejects?limit={limit}{cursor}").json()
        items = RejectPage.model_validate(page).items
        assert len(items) <= limit
        assert all(item.job_id for item in items)
        found += [(item.member, item.line) for item in items]
        cursor = f"&cursor={page['next_cursor']}"
    assert found == expected()


def test_long_records_make_short_pages(ask: Ask, ledger: Ledger, archive: UUID) -> None:
    ledger.declare(
        "UPDATE waybill.validation_errors SET raw = convert_to(repeat('x', 900000), 'UTF8')"
    )
    found: list[tuple[str | None, int]] = []
    cursor = ""
    while cursor != "&cursor=None":
        response = ask("GET", f"/jobs/{archive}/rejects?limit=1000{cursor}")
        assert len(response.text) < 6_000_000
        found += [(each["member"], each["line"]) for each in response.json()["items"]]
        cursor = f"&cursor={response.json()['next_cursor']}"
    assert found == expected()


def test_the_csv_of_an_archive_has_the_members(ask: Ask, archive: UUID) -> None:
    response = ask("GET", f"/jobs/{archive}/rejects", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert [(row["_member"], int(row["_line"])) for row in rows] == expected()
    assert list(rows[0]) == [
        "_reject_id",
        "_member",
        "_line",
        "_column",
        "_reason",
        "id",
        "department",
    ]


def test_a_page_reads_only_the_members_that_it_shows(ledger: Ledger, archive: UUID) -> None:
    with ledger.admin.transaction():
        read = (
            "SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'validation_errors'"
        )
        rows = ledger.admin.execute(
            "SELECT FROM waybill.list_member_rejects(%s, NULL, NULL, NULL, 2, 1000000, false)",
            (archive,),
        ).fetchall()
        ((fetched,),) = ledger.rows(read)
    assert len(rows) == 2
    assert fetched < 20


def test_members_are_listed_in_pages(ask: Ask, archive: UUID) -> None:
    document = ask("GET", f"/jobs/{archive}").json()
    assert document["archive"]["members"] == MEMBERS
    assert [member["position"] for member in document["members"]] == list(range(1, 101))
    found: list[str] = []
    cursor = ""
    while cursor != "&cursor=None":
        page = ask("GET", f"/jobs?archive_job_id={archive}&limit=60{cursor}").json()
        found += [each["source"]["filename"] for each in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert found == [f"m{n}.csv" for n in range(MEMBERS, 0, -1)]
    assert ask("GET", "/jobs?archive_job_id=x").problem() == (422, "invalid-request")
