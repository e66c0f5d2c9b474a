"""Archives: each member is a job, in the order of the archive, under the job of the archive."""

import bz2
import gzip
import json
import re
from typing import Any

import pytest
from backports import zstd

from tests.cloud.archive_files import streamed_zip, tar_gz, tarred, zipped
from tests.cloud.fixtures import LANDING, Cloud
from tests.cloud.lambda_events import Context, object_created
from tests.integration.path.archives import MemberEvents, document, settle_archives
from tests.integration.path.steps import FUNCTIONS, land, pull_next
from tests.postgres.databases import Connection

_TABLE = """
CREATE TABLE tides (port text PRIMARY KEY, metres numeric{});
SELECT waybill.register_dataset('tides'{});
"""
FILES = {
    "2026/": b"",
    "2026/a.csv": b"port,metres\nBergen,1.5\nBrest,6\n",
    "__MACOSX/2026/._a.csv": b"junk",
    "2026/b.json": b'{"port":"Brest","metres":7}\n{"port":"Lagos","metres":"high"}\n',
    "2026/.DS_Store": b"junk",
    "c.csv.gz": gzip.compress(b"port,metres\nBrest,8\nOslo,\n"),
}
COUNTS = ("read", "inserted", "updated", "unchanged", "superseded", "rejected")


def declare(admin: Connection, columns: str = "", options: str = "") -> None:
    admin.execute(_TABLE.format(columns, options).encode())


def rows(admin: Connection) -> list[tuple[Any, ...]]:
    return admin.execute("SELECT port, metres::text FROM tides ORDER BY port").fetchall()


@pytest.mark.parametrize(
    ("pack", "archive_format"),
    [
        (zipped, "zip"),
        (streamed_zip, "zip"),
        (tarred, "tar"),
        (tar_gz, "tar.gz"),
        (lambda files: bz2.compress(tarred(files)), "tar.bz2"),
        (lambda files: zstd.compress(tarred(files)), "tar.zst"),
    ],
)
def test_each_member_is_a_job(
    admin: Connection, cloud: Cloud, pack: Any, archive_format: str
) -> None:
    declare(admin)
    land(cloud, "tides", "data", pack(FILES))
    settle_archives(cloud)
    assert rows(admin) == [("Bergen", "1.5"), ("Brest", "8"), ("Oslo", None)]
    archive = document(admin, "data")
    assert archive["state"] == "COMPLETED_WITH_REJECTS"
    assert archive["archive"] == {
        "format": archive_format,
        "members": 3,
        "left_out": 3,
        "states": {"COMPLETED": 2, "COMPLETED_WITH_REJECTS": 1},
    }
    assert [member["name"] for member in archive["members"]] == [
        "2026/a.csv",
        "2026/b.json",
        "c.csv.gz",
    ]
    members = [document(admin, member["name"]) for member in archive["members"]]
    assert [member["job_id"] for member in members] == [
        member["job_id"] for member in archive["members"]
    ]
    assert {member["archive_job_id"] for member in members} == {archive["job_id"]}
    for name in COUNTS:
        total = sum(member["waybill"][name] for member in members)
        assert archive["waybill"][name] == total, name
    assert archive["waybill"]["sha256"]
    # The later member wins.
    line = admin.execute("SELECT line FROM waybill.validation_errors").fetchall()
    assert line == [(2,)]


def test_members_have_the_place_of_their_archive_in_the_landing_order(
    admin: Connection, cloud: Cloud
) -> None:
    declare(admin, options=", write_disposition => 'append'")
    # Delivered in the wrong order.
    land(cloud, "tides", "later.csv", b"port,metres\nBrest,3\n", second=30)
    land(
        cloud,
        "tides",
        "both.zip",
        zipped({"z.csv": b"port,metres\nBrest,1\n", "a.csv": b"port,metres\nBrest,2\n"}),
        second=20,
    )
    land(cloud, "tides", "earlier.csv", b"port,metres\nOslo,0\n", second=10)
    settle_archives(cloud)
    order = admin.execute(
        "SELECT filename FROM waybill.ingestion_jobs ORDER BY landing_order"
    ).fetchall()
    assert [row[0] for row in order] == ["earlier.csv", "both.zip", "z.csv", "a.csv", "later.csv"]
    # Of an appended key the first one counts.
    assert rows(admin) == [("Brest", "1"), ("Oslo", "0")]


def test_a_later_file_waits_until_the_members_are_jobs(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNPACK_SECONDS", "0")
    declare(admin, options=", write_disposition => 'append'")
    files = {"a.csv": b"port,metres\nOslo,1\n", "b.csv": b"port,metres\nBrest,2\n"}
    land(cloud, "tides", "both.zip", zipped(files))
    (record,) = cloud.take("landed")
    # The time is up after the first member.
    FUNCTIONS["landed"]({"Records": [record]}, Context())
    postponed = cloud.take("landed")
    land(cloud, "tides", "later.csv", b"port,metres\nBrest,3\n", second=30)
    events = MemberEvents(cloud)
    for _ in range(5):
        events.send()
        for name in FUNCTIONS:
            for message in cloud.take(name):
                FUNCTIONS[name]({"Records": [message]}, Context())
    assert document(admin, "a.csv")["state"] == "COMPLETED"
    assert document(admin, "later.csv")["state"] == "MERGING"
    for message in postponed:
        FUNCTIONS["landed"]({"Records": [message]}, Context())
    settle_archives(cloud, events)
    later = document(admin, "later.csv")
    for _ in range(3):
        admin.execute("SELECT waybill.merge_job(%s)", (later["job_id"],))
    assert rows(admin) == [("Brest", "2"), ("Oslo", "1")]


def test_a_member_that_fails_leaves_the_others(admin: Connection, cloud: Cloud) -> None:
    declare(admin)
    body = bytearray(
        zipped({"a.csv": b"port,metres\nOslo,1\n", "b.csv": b"port,metres\nBrest,2\n" * 40}, 0)
    )
    body[body.index(b"Brest")] ^= 1
    land(cloud, "tides", "x.zip", bytes(body))
    settle_archives(cloud)
    assert rows(admin) == [("Oslo", "1")]
    archive = document(admin, "x.zip")
    assert archive["state"] == "FAILED"
    assert archive["error"]["type"] == "members-failed"
    assert "1 of 2 members failed: 'b.csv'. The others were loaded." in archive["error"]["detail"]
    assert archive["waybill"]["read"] == 1
    assert document(admin, "b.csv")["error"]["type"] == "corrupt-file"


@pytest.mark.parametrize("inner", [zipped({"a.csv": b"x"}), tar_gz({"a.csv": b"x"})])
def test_archives_in_archives_are_refused(admin: Connection, cloud: Cloud, inner: bytes) -> None:
    declare(admin)
    land(cloud, "tides", "x.zip", zipped({"inner": inner}))
    settle_archives(cloud)
    assert document(admin, "inner")["error"]["type"] == "nested-archive"
    assert document(admin, "x.zip")["state"] == "FAILED"


def test_an_archive_sent_again_is_a_duplicate(admin: Connection, cloud: Cloud) -> None:
    declare(admin)
    land(cloud, "tides", "x.zip", zipped({"a.csv": b"port,metres\nOslo,1\n"}))
    settle_archives(cloud)
    land(cloud, "tides", "y.tar", tarred({"b.csv": b"port,metres\nOslo,1\n"}), second=1)
    settle_archives(cloud)
    assert document(admin, "b.csv")["duplicate_of"] == document(admin, "a.csv")["job_id"]
    again = document(admin, "y.tar")
    assert (again["state"], again["waybill"]["unchanged"]) == ("DUPLICATE", 1)


def test_an_archive_that_is_overwritten_has_members_of_its_own(
    admin: Connection, cloud: Cloud
) -> None:
    declare(admin)
    damaged = bytearray(zipped({"a.csv": b"port,metres\nOslo,1\n", "b.csv": b"x\nBrest"}, 0))
    damaged[damaged.index(b"Brest")] ^= 1
    for second in range(2):
        land(cloud, "tides", "x.zip", bytes(damaged), second=second)
        settle_archives(cloud)
    files = {"a.csv": b"port,metres\nOslo,2\n", "b.csv": b"port,metres\nBrest,3\n"}
    land(cloud, "tides", "x.zip", zipped(files), second=2)
    settle_archives(cloud)
    assert rows(admin) == [("Brest", "3"), ("Oslo", "2")]
    states = admin.execute(
        "SELECT state FROM waybill.ingestion_jobs WHERE filename = 'x.zip' ORDER BY landing_order"
    ).fetchall()
    assert states == [("FAILED",), ("FAILED",), ("COMPLETED",)]


def test_archives_of_one_key_and_second_are_in_the_order_of_their_sequencers(
    admin: Connection, cloud: Cloud
) -> None:
    declare(admin)
    key, events = "landing/tides/x.zip", []
    # One is the beginning of the next, and counts as smaller.
    for metres, sequencer in enumerate(("0055aed6dc", "0055AED6DC9", "0055AED6DCA")):
        body = zipped({"a.csv": b"port,metres\nOslo,%d\n" % metres})
        stored = cloud.s3.put_object(Bucket=LANDING, Key=key, Body=body)
        event = object_created(
            LANDING, key, stored, len(body), time="2026-03-01T10:00:00Z", sequencer=sequencer
        )
        events.append(json.dumps(event))
    # The last one is registered first.
    for message in (events[2], events[0], events[1]):
        cloud.sqs.send_message(QueueUrl=cloud.queues["landed"], MessageBody=message)
        settle_archives(cloud)
    assert rows(admin) == [("Oslo", "2")]
    order = admin.execute(
        "SELECT inserted, superseded FROM waybill.ingestion_jobs WHERE filename = 'a.csv'"
        " ORDER BY landing_order"
    ).fetchall()
    assert order == [(0, 1), (0, 1), (1, 0)]


def test_members_are_loaded_by_the_rules_of_the_source_of_their_archive(
    admin: Connection, cloud: Cloud
) -> None:
    declare(admin)
    pull_next(admin, "tides", {"upper": ["port"]}, "x.zip")
    land(cloud, "tides", "x.zip", zipped({"a.csv": b"port,metres\nOslo,1\n"}))
    settle_archives(cloud)
    assert rows(admin) == [("OSLO", "1")]


def test_a_member_that_is_stored_again_is_known_to_an_erasure(
    admin: Connection, cloud: Cloud
) -> None:
    declare(admin)
    land(cloud, "tides", "x.zip", zipped({"a.csv": b"port,metres\nOslo,1\n"}))
    events = MemberEvents(cloud)
    settle_archives(cloud, events)
    key = document(admin, "a.csv")["source"]["key"]
    # As by an attempt that has not seen the first event.
    again = cloud.s3.put_object(Bucket=LANDING, Key=key, Body=b"port,metres\nOslo,1\n")
    settle_archives(cloud, events)
    ignored = admin.execute("SELECT object_key, version_id, landed_at FROM waybill.ignored_objects")
    landed = admin.execute("SELECT DISTINCT landed_at FROM waybill.ingestion_jobs").fetchall()
    assert ignored.fetchall() == [(key, again["VersionId"], landed[0][0])]
    assert len(landed) == 1


def test_an_archive_that_is_refused_leaves_nothing(admin: Connection, cloud: Cloud) -> None:
    declare(admin)
    land(cloud, "tides", "x.tar.gz", tar_gz(FILES)[:-20])
    land(cloud, "tides", "y.zip", zipped({"__MACOSX/a": b"1"}), second=1)
    settle_archives(cloud)
    assert document(admin, "x.tar.gz")["error"]["type"] == "corrupt-file"
    assert document(admin, "y.zip")["error"]["type"] == "empty-archive"
    assert admin.execute("SELECT count(*) FROM waybill.ingestion_jobs").fetchone() == (2,)


def test_time_that_is_up_only_delays(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNPACK_SECONDS", "0")
    declare(admin)
    land(cloud, "tides", "x.tar.gz", tar_gz(FILES))
    settle_archives(cloud)
    assert rows(admin) == [("Bergen", "1.5"), ("Brest", "8"), ("Oslo", None)]
    runs = admin.execute("SELECT count(*) FROM waybill.job_runs WHERE step = 'plan'").fetchone()
    assert runs == (6,)


def test_names_that_leave_the_folder_are_only_names(admin: Connection, cloud: Cloud) -> None:
    declare(admin)
    names = ["../../landing/departments/x.csv", "/etc/passwd", "C:\\a\\b.csv", "\u202e\x1b[2Jé.csv"]
    body = {name: b"port,metres\nP%d,1\n" % n for n, name in enumerate(names)}
    land(cloud, "tides", "x.zip", zipped(body))
    land(cloud, "tides", "y.tar", tarred(body), second=1)
    settle_archives(cloud)
    assert len(rows(admin)) == 4
    keys = admin.execute(
        "SELECT object_key, dataset FROM waybill.ingestion_jobs WHERE archive_job_id IS NOT NULL"
    ).fetchall()
    assert len(keys) == 8
    for key, dataset in keys:
        assert dataset == "tides"
        assert re.match(r"landing/tides/(x\.zip|y\.tar)/\.[0-9a-f-]{36}/00000", key)
        assert ".." not in key


def test_a_cancelled_archive_cancels_its_members(admin: Connection, cloud: Cloud) -> None:
    declare(admin)
    land(cloud, "tides", "x.zip", zipped(FILES))
    for record in cloud.take("landed"):
        FUNCTIONS["landed"]({"Records": [record]}, Context())
    archive = document(admin, "x.zip")
    assert archive["state"] == "MERGING"
    admin.execute("SELECT waybill.cancel_job(%s)", (archive["job_id"],))
    settle_archives(cloud)
    states = admin.execute("SELECT DISTINCT state FROM waybill.ingestion_jobs").fetchall()
    assert states == [("CANCELLED",)]
    assert rows(admin) == []
