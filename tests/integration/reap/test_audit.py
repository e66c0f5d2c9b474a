"""Audit entries of functions without a connection reach the log."""

import os

import pytest

from tests.cloud.fixtures import STATE, Cloud
from tests.integration.reap.stalled_jobs import reap
from tests.postgres.databases import Connection
from waybill.callers import Caller
from waybill.state.audit import AuditEntry
from waybill.state.bucket import StateBucket


def test_entries_are_added_to_the_log_once(admin: Connection, cloud: Cloud) -> None:
    waiting = StateBucket(cloud.s3, STATE).audit
    caller = Caller("ada", "203.0.113.7")
    entry = AuditEntry.of("messages.redriven", caller, queue="chunks")
    waiting.put(entry)
    assert reap() == {"audit_entries_added": 1}
    assert waiting.keys() == []
    # It was added before the function was killed.
    waiting.put(entry)
    assert reap() == {}
    assert waiting.keys() == []
    found = admin.execute(
        "SELECT audit_id, occurred_at, action, actor, source, detail FROM waybill.audit_logs"
    ).fetchall()
    assert found == [
        (entry.audit_id, entry.occurred_at, "messages.redriven", *caller, {"queue": "chunks"})
    ]


def test_without_entries_the_database_is_not_woken(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = os.environ["DATABASE_PORT"]
    monkeypatch.setenv("DATABASE_PORT", "1")
    assert reap() == {}
    StateBucket(cloud.s3, STATE).audit.put(AuditEntry.of("token.refused", None))
    monkeypatch.setenv("DATABASE_PORT", port)
    assert reap() == {"audit_entries_added": 1}
    assert admin.execute("SELECT action, actor FROM waybill.audit_logs").fetchall() == [
        ("token.refused", None)
    ]
