"""Replays and resolved records keep their place in the landing order; later rows stay."""

from uuid import UUID

import pytest

from tests.sql.staging import BEGINNING, Ledger, Records
from waybill.database.jobs import Jobs, ObjectVersion, Registration
from waybill.database.reaper import Reaper
from waybill.ids import new_id

PRICES = (
    "CREATE TABLE prices (code text PRIMARY KEY, price integer CHECK (price > 0),"
    " department_id integer REFERENCES departments);"
    "SELECT waybill.register_dataset('prices', max_rejects => 9, write_disposition => '{}')"
)


@pytest.fixture
def prices(ledger: Ledger, request: pytest.FixtureRequest) -> Ledger:
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute(PRICES.format(getattr(request, "param", "merge")).encode())
    ledger.admin.execute("RESET ROLE")
    return ledger


def rows(ledger: Ledger) -> list[tuple[str, int]]:
    return [
        (code, price) for code, price in ledger.rows("SELECT code, price FROM prices ORDER BY 1")
    ]


def registered(ledger: Ledger, parent: UUID, *lines: int) -> UUID:
    """A replay of the rejects of these lines that waits for its object."""
    ids = [
        reject
        for reject, line in ledger.rows(
            "SELECT reject_id, line FROM waybill.validation_errors WHERE job_id = %s", parent
        )
        if line in lines
    ]
    replay = new_id()
    with ledger.database.connect("api") as api:
        api.execute("SELECT waybill.register_replay(%s, %s, %s)", (parent, replay, ids))
    return replay


def landed(ledger: Ledger, replay: UUID, records: Records) -> UUID:
    """Its object lands and is staged; now it may merge."""
    ledger.loader.execute(
        "SELECT job_id, state, is_new FROM"
        " waybill.register_object(%s, %s, 'prices', 'b', %s, 'v', 'e', 3, 'f',"
        " now(), '{}')",
        (replay, new_id(), f"landing/prices/{replay}/replay.csv"),
    )
    ledger.stage(replay, "prices", records)
    return replay


def test_rows_that_a_later_file_found_unchanged_are_not_overwritten(prices: Ledger) -> None:
    first = prices.load("prices", 1, [("a", 5, None), ("a", -1, None)])
    same: Records = [("a", 5, None)]
    later = prices.load("prices", 2, same)
    assert prices.waybill(later) == {"read": 1, "unchanged": 1}
    replay = landed(prices, registered(prices, first, 2), [("a", 9, None)])
    # The stamp was spared: the later file is staged again before the replay may go on.
    response = prices.merge(replay)
    assert response["restamping"] == [str(later)]
    columns = ["code", "price", "department_id"]
    prices.stage_chunk(later, columns, True, same)
    assert prices.merge(later)["outcome"] == "merged"
    assert prices.merge(replay)["outcome"] == "merged"
    assert prices.waybill(replay) == {"read": 1, "superseded": 1}
    assert rows(prices) == [("a", 5)]


def test_a_replay_changes_what_its_own_file_wrote(prices: Ledger) -> None:
    first = prices.load("prices", 1, [("a", 5, None), ("a", -1, None)])
    replay = landed(prices, registered(prices, first, 2), [("a", 9, None)])
    assert prices.merge(replay)["outcome"] == "merged"
    assert rows(prices) == [("a", 9)]


@pytest.mark.parametrize("in_order", [True, False])
def test_of_two_replays_of_a_file_the_last_requested_wins(prices: Ledger, in_order: bool) -> None:
    first = prices.load("prices", 1, [("a", -1, None), ("a", -2, None)])
    one, two = registered(prices, first, 1), registered(prices, first, 2)
    landed(prices, one, [("a", 1, None)])
    landed(prices, two, [("a", 2, None)])
    for replay in (one, two) if in_order else (two, one):
        assert prices.merge(replay)["outcome"] == "merged"
    assert rows(prices) == [("a", 2)]


def test_a_pending_record_of_the_file_does_not_undo_its_replay(prices: Ledger) -> None:
    first = prices.load("prices", 1, [("a", 1, 7), ("a", -1, None)])
    assert prices.waybill(first) == {"read": 2, "pending_reference": 1, "rejected": 1}
    prices.merge(landed(prices, registered(prices, first, 2), [("a", 2, None)]))
    prices.load("departments", 3, [(7, "Sales")])
    prices.resolve(first)
    assert rows(prices) == [("a", 2)]


@pytest.mark.parametrize("prices", ["replace"], indirect=True)
def test_a_replay_adds_to_the_file_that_replaced_the_table(prices: Ledger) -> None:
    first = prices.load("prices", 1, [("a", 1, None), ("b", -1, None)])
    prices.merge(landed(prices, registered(prices, first, 2), [("b", 2, None)]))
    assert rows(prices) == [("a", 1), ("b", 2)]


@pytest.mark.parametrize("prices", ["replace"], indirect=True)
def test_a_resolved_record_adds_to_the_file_that_replaced_the_table(prices: Ledger) -> None:
    first = prices.load("prices", 1, [("a", 1, None), ("b", 2, 7)])
    prices.load("departments", 2, [(7, "Sales")])
    assert prices.resolve(first)["outcome"] == "merged"
    assert rows(prices) == [("a", 1), ("b", 2)]


@pytest.mark.parametrize("prices", ["replace"], indirect=True)
@pytest.mark.parametrize("in_order", [True, False])
def test_a_pending_row_is_not_that_of_an_earlier_file(prices: Ledger, in_order: bool) -> None:
    def load_second() -> None:
        prices.load("prices", 2, [("b", 2, 7)])

    if not in_order:
        load_second()
    prices.load("prices", 1, [("b", 1, None)])
    if in_order:
        load_second()
    assert rows(prices) == []


def test_rejects_of_a_failed_replay_remain_once(prices: Ledger) -> None:
    first = prices.load("prices", 1, [("a", -1, None)] * 2)
    prices.admin.execute("UPDATE waybill.datasets SET max_rejects = 1 WHERE name = 'prices'")
    replay = landed(prices, registered(prices, first, 1, 2), [("a", -1, None)] * 2)
    assert prices.merge(replay)["state"] == "FAILED"
    assert prices.rows("SELECT waybill.rejects_remaining(%s)", first) == [(2,)]


@pytest.mark.parametrize("ending", ["expire", "fail", "cancel"])
def test_replay_that_ends_without_loading_frees_its_rejects(prices: Ledger, ending: str) -> None:
    parent = prices.load("prices", 1, [("a", -1, None), ("b", 2, None)])
    replay = registered(prices, parent, 1)
    assert remaining(prices, parent) == 0
    with prices.database.connect("api") as api:
        if ending == "expire":
            assert Reaper(prices.loader).expire_uploads([replay]) == 1
        elif ending == "fail":
            Jobs(prices.loader).fail(replay, {"type": "corrupt-file"})
        else:
            Jobs(api).cancel(replay)
    assert remaining(prices, parent) == 1
    again = registered(prices, parent, 1)
    landed(prices, again, [("a", 3, None)])
    prices.merge(again)
    assert rows(prices) == [("a", 3), ("b", 2)]


def test_file_of_an_expired_replay_is_ignored(prices: Ledger) -> None:
    parent = prices.load("prices", 1, [("a", -1, None)])
    replay = registered(prices, parent, 1)
    Reaper(prices.loader).expire_uploads([replay])
    found = ObjectVersion("b", f"landing/prices/{replay}/replay.csv", "v", "e", 3, BEGINNING)
    file = Registration("prices", "replay.csv", {})
    late = Jobs(prices.loader).register_object(found, file, given_job=replay, fresh_job=new_id())
    assert late[:3] == (replay, "EXPIRED", False)


def remaining(ledger: Ledger, job: UUID) -> int:
    ((count,),) = ledger.rows("SELECT waybill.rejects_remaining(%s)", job)
    return int(count)


def test_a_replay_that_waited_for_a_parent_leaves_what_a_later_file_found_unchanged(
    prices: Ledger,
) -> None:
    first = prices.load("prices", 1, [("a", 5, None), ("a", -1, None)])
    later = prices.land("prices", 3)
    replay = landed(prices, registered(prices, first, 2), [("a", 9, 7)])
    assert prices.merge(replay)["outcome"] == "merged"
    assert prices.waybill(replay) == {"read": 1, "pending_reference": 1}
    prices.stage(later, "prices", [("a", 5, None)])
    assert prices.merge(later)["outcome"] == "merged"
    assert prices.waybill(later) == {"read": 1, "unchanged": 1}
    prices.load("departments", 4, [(7, "Sales")])
    prices.resolve(replay)
    assert prices.waybill(replay) == {"read": 1, "superseded": 1}
    assert rows(prices) == [("a", 5)]
