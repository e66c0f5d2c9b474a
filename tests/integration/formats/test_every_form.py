"""Every file form gives the same table; a file that cannot be read to its end fails whole."""

import bz2
import gzip
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from backports import zstd

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection, Database
from waybill import consumer

_THINGS = """
CREATE TABLE things (
    id bigint PRIMARY KEY, name text NOT NULL, price numeric(12,2), made timestamptz,
    more jsonb, kind text NOT NULL DEFAULT 'plain'
);
SELECT waybill.register_dataset('things', formats => '{"*": {"decimal": ",", "thousands": "."},
    "made": {"date": "DD/MM/YYYY HH24:MI", "zone": "Europe/Zurich"}}');
"""
CSV = (
    "Id;NAME;price;made;more\n"
    '1;Zoë;1.234,50;27/07/2021 16:02;"{""a"": 1.50}"\n'
    "2;Bob;;;\n"
    "3;Eve;1.5;31/10/2021 02:30;\n"
)
LINES = (
    '{"Id": 1, "NAME": "Zoë", "price": 1234.50, "made": "27/07/2021 16:02", "more": {"a": 1.50}}\n'
    '{"id": 2, "name": "Bob"}\n'
    '{"id": 3, "name": "Eve", "price": "1.5", "made": "31/10/2021 02:30"}\n'
)
ARRAY = "[\n " + ",\n".join(LINES.splitlines()) + "\n]\n"
LOADED: list[tuple[object, ...]]
LOADED = [(1, "Zoë", "1234.50", "2021-07-27 14:02:00+00", '{"a": 1.50}', "plain")]
LOADED += [(2, "Bob", None, None, None, "plain")]


@pytest.fixture
def admin(
    database: Database,
    environment_of: Callable[[Database, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Connection]:
    environment_of(database, "pipeline")
    monkeypatch.setattr(consumer, "delay_seconds", lambda _: 0)
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute(_THINGS)
        yield connection


def job(admin: Connection) -> dict[str, Any]:
    (found,) = admin.execute(
        "SELECT to_jsonb(j) || jsonb_build_object('chunks',"
        " (SELECT count(*) FROM waybill.chunks AS c WHERE c.job_id = j.job_id))"
        " FROM waybill.ingestion_jobs AS j ORDER BY landed_at DESC LIMIT 1"
    ).fetchone() or ({},)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    "form",
    [
        (CSV.encode(), 4),
        (gzip.compress(CSV.encode()), 4),
        (zstd.compress(CSV.encode("utf-16")), 4),
        (CSV.replace(";", "\t").encode("utf-16"), 4),
        (bz2.compress(CSV.encode()), 4),
        (LINES.encode(), 3),
        (gzip.compress(LINES.encode()), 3),
        (ARRAY.encode(), 3),
        (zstd.compress(ARRAY.encode()), 3),
    ],
)
@pytest.mark.parametrize("chunk_bytes", ["40", "1000000"])
def test_every_form_gives_the_same_table(
    admin: Connection,
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    form: tuple[bytes, int],
    chunk_bytes: str,
) -> None:
    body, place = form
    monkeypatch.setenv("CHUNK_BYTES", chunk_bytes)
    land(cloud, "things", "file", body)
    settle(cloud)
    rows = admin.execute(
        "SELECT id, name, price::text, made::text, more::text, kind FROM things ORDER BY id"
    ).fetchall()
    assert rows == LOADED
    found = job(admin)
    assert (found["state"], found["read"], found["rejected"]) == ("COMPLETED_WITH_REJECTS", 3, 1)
    assert found["sha256"] == hashlib.sha256(body).hexdigest()
    rejects = admin.execute("SELECT line, errors FROM waybill.validation_errors").fetchall()
    codes = [(line, [error["code"] for error in errors]) for line, errors in rejects]
    assert codes == [(place, ["invalid_number", "ambiguous_time"])]
    assert found["chunks"] == 1 or chunk_bytes == "40"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (gzip.compress(CSV.encode())[:-9], "corrupt-file"),
        (gzip.compress(CSV.encode() + b"\n" * 20_000_000), "decompression-limit"),
        (ARRAY.encode()[:-2], "broken-json"),
        (b'{"id": 1}'.join([b"[", b", ,", b"]"]), "broken-json"),
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_fails_whole(
    admin: Connection, cloud: Cloud, body: bytes, code: str
) -> None:
    land(cloud, "things", "file", body)
    settle(cloud)
    found = job(admin)
    assert (found["state"], found["error"]["type"]) == ("FAILED", code)
    assert admin.execute("SELECT count(*) FROM things").fetchone() == (0,)


def test_a_warning_is_kept_with_the_job(admin: Connection, cloud: Cloud) -> None:
    land(cloud, "things", "file", b"Stock report\n" + CSV.encode())
    settle(cloud)
    assert "'Stock report'" in job(admin)["layout"]["warnings"][0]
