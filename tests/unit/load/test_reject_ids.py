"""Ids of rejects are distinct UUIDv7s of the current time."""

import time
from uuid import UUID

from functions.pipeline.load.reject_ids import reject_ids


def test_ids_are_of_version_seven_and_unique() -> None:
    before = time.time_ns() // 1_000_000
    written = reject_ids(1000)
    ids = [UUID(bytes=written[at : at + 16]) for at in range(0, len(written), 16)]
    assert len(set(ids)) == 1000
    assert {(one.version, one.variant) for one in ids} == {(7, UUID(int=1 << 63).variant)}
    assert all(before <= one.int >> 80 <= before + 60_000 for one in ids)


def test_no_rejects_have_no_ids() -> None:
    assert reject_ids(0) == b""
