from typing import Any

from functions.authorizer.refusals import Refusals
from waybill.errors import Unavailable
from waybill.state.audit import AuditEntries, AuditEntry


class Entries(AuditEntries):
    """Keeps entries in memory."""

    def __init__(self, *, available: bool = True) -> None:
        self.kept: list[AuditEntry] = []
        self.available = available

    def put(self, entry: AuditEntry) -> None:
        if not self.available:
            raise Unavailable("storage-unavailable", "The storage cannot be reached.")
        self.kept.append(entry)


def sources(entries: Entries) -> list[str | None]:
    return [entry.source for entry in entries.kept]


def test_an_address_has_one_entry_a_minute() -> None:
    now = [0.0]
    entries = Entries()
    refusals = Refusals(entries, lambda: now[0])
    for at, source in ((0, "a"), (10, "a"), (59, "b"), (60, "a"), (61, "a")):
        now[0] = at
        refusals.record(source, "expired", "/jobs")
    assert sources(entries) == ["a", "b", "a"]


def test_a_flood_of_many_addresses_has_twenty_entries_a_minute() -> None:
    entries = Entries()
    refusals = Refusals(entries, lambda: 0.0)
    for number in range(1000):
        refusals.record(f"address {number}", "expired", "/jobs")
    assert len(entries.kept) == 20


def test_a_refusal_that_cannot_be_recorded_is_logged(caplog: Any) -> None:
    Refusals(Entries(available=False)).record("a", "expired", "/jobs")
    (record,) = caplog.records
    assert vars(record)["action"] == "refusal.unrecorded"


def test_text_of_a_token_is_kept_as_the_database_can_store_it() -> None:
    entry = AuditEntry.of("token.refused", None, reason="a\x00b\ud800" + "c" * 2000)
    assert entry.detail["reason"] == "a?b?" + "c" * 996
