"""Documents by page and from a cursor, newest first."""

import json
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from functions.api.documents.deps import deps
from functions.api.documents.handler import handle
from functions.api.documents.models import DocumentPage
from tests.postgres.databases import Connection, Database
from tests.unit.http.api_client import ADMIN, ApiResponse, call, connect_as

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Ask(Protocol):
    def __call__(self, method: str, target: str) -> ApiResponse: ...


@pytest.fixture
def ask(
    aws: "S3Client",  # noqa: ARG001 - the secret is kept beside it
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Ask]:
    connect_as("waybill_documents", database, monkeypatch)
    deps.cache_clear()
    yield partial(call, handle)
    deps().database.close()
    deps.cache_clear()


@pytest.fixture
def owner(database: Database) -> Iterator[Connection]:
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        yield connection


def add(owner: Connection, count: int, payload: str = '{"n": 1}') -> None:
    owner.execute(
        "INSERT INTO ingested_data (content_hash, payload, metadata) SELECT"
        " gen_random_uuid()::text, %s::jsonb, '{\"line\": 1}' FROM generate_series(1, %s)",
        (payload, count),
    )


def ids(page: dict[str, Any]) -> list[int]:
    return [item["id"] for item in page["items"]]


def test_a_document_is_returned_as_stored(ask: Ask, owner: Connection) -> None:
    add(owner, 1, '{"b": [1.50, null], "a": "ä"}')
    page = ask("GET", "/data").json()
    DocumentPage.model_validate(page)
    (item,) = page["items"]
    assert item["payload"] == {"b": [1.5, None], "a": "ä"}
    assert item["metadata"] == {"line": 1}
    assert item["created_at"].endswith("Z")


def test_pages_and_cursors_give_the_same_items(ask: Ask, owner: Connection) -> None:
    add(owner, 7)
    first, second = (ask("GET", f"/data?page={page}&limit=3").json() for page in (1, 2))
    assert (ids(first), ids(second)) == ([7, 6, 5], [4, 3, 2])
    assert ids(ask("GET", f"/data?limit=3&cursor={first['next_cursor']}").json()) == ids(second)
    last = ask("GET", f"/data?limit=3&cursor={second['next_cursor']}").json()
    assert (ids(last), last["next_cursor"]) == ([1], None)
    assert ids(ask("GET", "/data?page=9&limit=3").json()) == []


def test_the_total_is_an_estimate(ask: Ask, owner: Connection) -> None:
    add(owner, 7)
    assert ask("GET", "/data").json()["total_estimate"] is None
    owner.execute("ANALYZE ingested_data")
    assert ask("GET", "/data?limit=1").json()["total_estimate"] == 7


def test_long_documents_make_short_pages(ask: Ask, owner: Connection) -> None:
    add(owner, 4, '{"x": "' + "y" * 900_000 + '"}')
    add(owner, 4, '{"x": "' + "y" * 900_000 + '"}')
    page = ask("GET", "/data").json()
    assert ids(page) == [8, 7, 6, 5, 4]
    assert ids(ask("GET", f"/data?cursor={page['next_cursor']}").json()) == [3, 2, 1]


def test_numbers_keep_every_digit(ask: Ask, owner: Connection) -> None:
    payload = '{"a": 0.1234567890123456789, "b": 123456789012345678901234567890, "c": 1.50}'
    add(owner, 1, payload)
    assert f'"payload":{payload},' in ask("GET", "/data").text


@pytest.mark.parametrize("text", ["\u8a9e" * 300_000, '\\"' * 400_000, "\\u0001" * 100_000])
def test_a_page_fits_into_a_response(ask: Ask, owner: Connection, text: str) -> None:
    """Lambda's limit is 6 MB for the response with its body as a JSON string."""
    add(owner, 8, f'{{"x": "{text}"}}')
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        response = ask("GET", f"/data?limit=500{cursor and '&cursor='}{cursor}")
        assert len(json.dumps(response.text, ensure_ascii=False).encode()) < 5_500_000
        page = response.json()
        seen += ids(page)
        cursor = page["next_cursor"]
    assert seen == [8, 7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "query", ["page=0", "limit=501", "limit=0", "page=x", "page=1000&limit=500", "offset=1"]
)
def test_invalid_queries_are_refused(ask: Ask, query: str) -> None:
    assert ask("GET", f"/data?{query}").problem() == (422, "invalid-request")


def test_page_and_cursor_exclude_each_other(ask: Ask, owner: Connection) -> None:
    add(owner, 2)
    cursor = ask("GET", "/data?limit=1").json()["next_cursor"]
    response = ask("GET", f"/data?page=2&cursor={cursor}")
    assert response.problem() == (422, "invalid-request")
    assert ask("GET", "/data?cursor=x").problem() == (400, "bad-cursor")


def test_a_deleted_document_is_not_found(ask: Ask, owner: Connection) -> None:
    add(owner, 2)
    response = ask("DELETE", "/data/1")
    assert (response.status, response.text) == (204, "")
    assert ids(ask("GET", "/data").json()) == [2]
    assert ask("DELETE", "/data/1").problem() == (404, "unknown-document")
    entries = owner.execute("SELECT action, actor, source, detail FROM waybill.audit_logs")
    assert entries.fetchall() == [
        ("document.deleted", ADMIN.subject, "203.0.113.7", {"document_id": 1})
    ]


@pytest.mark.parametrize("document_id", ["0", "-1", "x", "1.0", "01", "٣", "9" * 19, "9" * 40])
def test_an_invalid_document_id_is_not_found(ask: Ask, document_id: str) -> None:
    assert ask("DELETE", f"/data/{document_id}").problem() == (404, "unknown-document")
