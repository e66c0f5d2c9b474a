"""Objects that can only be read from the beginning are one chunk, even if planned again."""

import gzip
import hashlib
from typing import Any

import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.plan.object_events import deliver, issue_ticket, jobs, many, put
from tests.postgres.databases import Connection


def chunks(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT chunk, byte_from, byte_to, first_line FROM waybill.chunks ORDER BY chunk"
    ).fetchall()


@pytest.mark.parametrize("body", [gzip.compress(many(400)), many(400).decode().encode("utf-16")])
def test_a_stream_is_one_chunk_also_when_its_plan_is_continued(
    admin: Connection,
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    body: bytes,
) -> None:
    monkeypatch.setenv("CHUNK_BYTES", "1000")
    event = put(cloud, "landing/departments/d.csv", body)
    deliver(event)
    (job,) = jobs(admin)
    assert chunks(admin) == [(0, 0, len(body), 2)]
    assert (job["chunks_total"], job["sha256"]) == (1, hashlib.sha256(body).hexdigest())
    admin.execute("UPDATE waybill.ingestion_jobs SET chunks_total = NULL, sha256 = NULL")
    deliver(event)
    assert chunks(admin) == [(0, 0, len(body), 2)]
    assert jobs(admin)[0]["chunks_total"] == 1
    assert [message["chunk"] for message in cloud.bodies("chunks")] == [0, 0]


def test_the_layout_has_the_options_of_the_request(
    admin: Connection,
    cloud: Cloud,
) -> None:
    body = "1|Zürich, Basel\n".encode("latin-1")
    ticket = issue_ticket(cloud, "departments", body, delimiter="|", encoding="iso-8859-1")
    deliver(put(cloud, ticket.key, body))
    layout = jobs(admin)[0]["layout"]
    assert (layout["delimiter"], layout["encoding"], layout["warnings"]) == ("|", "latin-1", [])
