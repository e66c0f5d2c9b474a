"""A chunk is staged once, exactly, with its rejects, or not at all."""

import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from functions.pipeline.load import copy_chunk, encode_chunk
from functions.pipeline.load.handler import handle
from functions.pipeline.load.stage_chunk import stage_chunk
from functions.pipeline.load.watchdog import Watchdog
from tests.cloud.fixtures import LANDING
from tests.cloud.lambda_events import Context
from tests.integration.load.landing import Landing
from waybill.database.chunks import ChunkId
from waybill.errors import Busy, NotFound, Unavailable
from waybill.ids import new_id

HEADER = b"id,i2,i4,f4,f8,b,d,ts,tz,t,v,n,u,a\n"
LOW = (
    b"-9223372036854775808,-32768,-2147483648,-3.4028235e38,-1.7976931348623157e308,f,0001-01-01,"
    b'0001-01-01 00:00:00,0001-01-01T00:00:00Z,"",\xc3\xb1,-9999999999999999.9999,'
    b"00000000-0000-0000-0000-000000000000,::1\n"
)
HIGH = (
    b"9223372036854775807,32767,2147483647,1e-45,5e-324,1,9999-12-31,9999-12-31T23:59:59.999999,"
    b'9999-12-31T23:59:59.999999Z,"a ""b""\r\n\xf0\x9f\x9a\x9a",abc,.5,'
    b"FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF,10.0.0.0/8\n"
)
NULLS = b"0,NA,,,,,,,,,,,,NA\n"
BAD = b'7,x,,,,,2021-02-30,,,,,,,\n8,1\n9,a"b,,,,,,,,,,,,\n10,99999,,,,,,,,"\x01",,,,\n'


def test_extreme_values_of_every_type_are_staged_exactly(landing: Landing) -> None:
    job = landing.land(HEADER + LOW + HIGH + NULLS)
    landing.stage(job)
    low, high, nulls = landing.staged(job)
    # jsonb writes large floats as whole numbers.
    assert low | {"_waybill_raw": None, "f4": float(low["f4"]), "f8": float(low["f8"])} == {
        "_waybill_chunk": 0,
        "_waybill_line": 2,
        "_waybill_raw": None,
        "id": -(2**63),
        "i2": -(2**15),
        "i4": -(2**31),
        "f4": -3.4028235e38,
        "f8": -1.7976931348623157e308,
        "b": False,
        "d": "0001-01-01",
        "ts": "0001-01-01T00:00:00",
        "tz": "0001-01-01T00:00:00+00:00",
        "t": "",
        "v": "ñ",
        "n": "-9999999999999999.9999",
        "u": "00000000-0000-0000-0000-000000000000",
        "a": "::1",
    }
    assert (high["id"], high["i2"], high["i4"]) == (2**63 - 1, 2**15 - 1, 2**31 - 1)
    assert (high["f4"], high["f8"], high["b"]) == (1e-45, 5e-324, True)
    assert (high["d"], high["ts"]) == ("9999-12-31", "9999-12-31T23:59:59.999999")
    assert high["tz"] == "9999-12-31T23:59:59.999999+00:00"
    assert (high["t"], high["v"], high["n"]) == ('a "b"\r\n🚚', "abc", ".5")
    assert (nulls["_waybill_line"], nulls["id"]) == (5, 0)
    assert {name for name, value in nulls.items() if value is not None} - {"_waybill_raw"} == {
        "_waybill_chunk",
        "_waybill_line",
        "id",
    }


def test_rejects_are_kept_with_line_raw_text_and_reasons(landing: Landing) -> None:
    job = landing.land(HEADER + BAD + NULLS)
    landing.stage(job)
    rejects = landing.rejects(job)
    assert [(r["line"], [e["code"] for e in r["errors"]]) for r in rejects] == [
        (2, ["invalid_integer", "invalid_date"]),
        (3, ["field_count"]),
        (4, ["quote_in_field"]),
        (5, ["out_of_range"]),
    ]
    assert bytes.fromhex(rejects[1]["raw"].removeprefix("\\x")) == b"8,1"
    assert rejects[3]["values"]["t"] == "\x01"
    (chunk,) = landing.chunks(job)
    assert (chunk["read"], chunk["staged"], chunk["rejected"], chunk["done"]) == (5, 1, 4, True)
    assert landing.cloud.bodies("merges") == [{"job_id": str(job)}]
    assert landing.job(job)["sha256"] == hashlib.sha256(HEADER + BAD + NULLS).hexdigest()
    assert list(landing.runs(job)) == ["ok"]


def test_rejects_of_every_kind_are_stored_in_the_order_of_the_file(landing: Landing) -> None:
    job = landing.land(HEADER + (BAD + NULLS) * 3)
    landing.stage(job)
    stored = b"SELECT line FROM waybill.validation_errors WHERE job_id = %s ORDER BY ctid"
    lines = [line + 5 * part for part in range(3) for line in (2, 3, 4, 5)]
    assert landing.admin.execute(stored, (job,)).fetchall() == [(line,) for line in lines]


def test_many_chunks_stage_the_same_as_one(landing: Landing) -> None:
    data = HEADER + b"".join(b'%d,,,,,,,,,"a\n%d",,,,\n%d,x' % (n, n, n) + BAD for n in range(40))
    whole, cut = landing.land(data), landing.land(data, chunk_bytes=300)
    landing.stage(whole)
    landing.cloud.bodies("merges")
    chunks = [chunk["chunk"] for chunk in landing.chunks(cut)]
    assert len(chunks) > 5
    for chunk in reversed(chunks):
        assert landing.cloud.bodies("merges") == []
        landing.stage(cut, chunk)
    assert landing.cloud.bodies("merges") == [{"job_id": str(cut)}]
    assert [row | {"_waybill_chunk": 0} for row in landing.staged(cut)] == landing.staged(whole)
    seen = [[(r["line"], r["raw"], r["errors"]) for r in landing.rejects(j)] for j in (whole, cut)]
    assert seen[0] == seen[1]


def test_a_second_delivery_stages_nothing_and_sends_the_merge_again(landing: Landing) -> None:
    job = landing.land(HEADER + NULLS + BAD)
    landing.stage(job)
    landing.stage(job)
    assert (len(landing.staged(job)), len(landing.rejects(job))) == (1, 4)
    assert landing.cloud.bodies("merges") == [{"job_id": str(job)}] * 2


def test_a_chunk_that_another_loader_holds_is_retried_later(landing: Landing) -> None:
    job = landing.land(HEADER + NULLS)
    with landing.admin.transaction():
        landing.admin.execute("SELECT FROM waybill.chunks WHERE job_id = %s FOR UPDATE", (job,))
        with pytest.raises(Busy):
            landing.stage(job)
    assert landing.staged(job) == []
    landing.stage(job)
    assert list(landing.runs(job)) == ["retry", "ok"]


def test_a_missing_object_fails_its_job(landing: Landing) -> None:
    job = landing.land(HEADER + NULLS)
    found = landing.job(job)
    place = {"Key": found["object_key"], "VersionId": found["version_id"]}
    landing.cloud.s3.delete_object(Bucket=LANDING, **place)
    landing.stage(job)
    failed = landing.job(job)
    assert (failed["state"], failed["error"]["type"]) == ("FAILED", "object-missing")
    assert landing.cloud.bodies("merges") == [{"job_id": str(job)}]
    assert list(landing.runs(job)) == ["rejected"]
    landing.stage(job)
    assert landing.cloud.bodies("merges") == []


def test_an_unknown_chunk_is_refused(landing: Landing) -> None:
    with pytest.raises(NotFound, match="unknown-job"):
        stage_chunk(landing.deps, ChunkId(landing.land(HEADER + NULLS), 9))


def test_a_stalled_stream_is_rolled_back(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    job = landing.land(HEADER + NULLS + BAD)
    release = threading.Event()

    def stalling(*_: object) -> Iterator[bytes]:
        yield HEADER + NULLS + BAD
        release.wait(20)

    with monkeypatch.context() as patched:
        patched.setattr(encode_chunk, "stream_range", stalling)
        with pytest.raises(Unavailable, match="stalled"):
            stage_chunk(landing.deps._replace(patience_seconds=0.5), ChunkId(job, 0))
    release.set()
    assert (landing.staged(job), landing.rejects(job)) == ([], [])
    landing.stage(job)
    assert len(landing.staged(job)) == 1


def test_the_watchdog_closes_a_stalled_connection(landing: Landing) -> None:
    with pytest.raises(psycopg.OperationalError), Watchdog(landing.deps.connection, 0.3, 60):
        landing.deps.connection.execute("SELECT pg_sleep(20)")


def test_the_event_stages_its_chunk(landing: Landing) -> None:
    job = landing.land(HEADER + NULLS)
    path = Path(__file__).parents[3] / "events" / "load.json"
    event: dict[str, Any] = json.loads(path.read_text())
    (record,) = event["Records"]
    record["body"] = json.dumps({"job_id": str(job), "chunk": 0})
    context = Context()
    assert handle(event, context) == {"batchItemFailures": []}
    assert len(landing.staged(job)) == 1
    record["body"] = json.dumps({"job_id": str(new_id()), "chunk": 0})
    assert handle(event, context) == {"batchItemFailures": []}


def test_many_rejects_are_copied_in_turns_with_the_rows(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_chunk, "_WAITING_BYTES", 1)
    monkeypatch.setattr(encode_chunk, "_MAX_RECORDS", 2)
    monkeypatch.setattr(encode_chunk, "_MIN_RECORDS", 2)
    job = landing.land(HEADER + (NULLS + BAD) * 3 + NULLS)
    landing.stage(job)
    assert [row["_waybill_line"] for row in landing.staged(job)] == [2, 7, 12, 17]
    lines = [line + 5 * part for part in range(3) for line in (3, 4, 5, 6)]
    assert [reject["line"] for reject in landing.rejects(job)] == lines
