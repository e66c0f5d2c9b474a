"""Golden results of the analytics, and their cost: one query on one view."""

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import sql

from functions.api.analytics.departments_above_average import HiredCursor, departments_above_average
from functions.api.analytics.hires_by_quarter import QuarterCursor, hires_by_quarter
from functions.api.analytics.models import HiredItem, HiresByQuarter, QuarterItem
from tests.postgres.databases import Connection, Database
from tests.sql.analytics.seed import owner
from waybill.database.analytics import MeanOver
from waybill.database.queries import queries
from waybill.http.pagination import decode_cursor

GOLDEN = [
    ("Alpha", "clerk", 0, 1, 0, 0),
    ("Zoology", "clerk", 2, 1, 1, 0),
    ("alpha", "Clerk", 0, 0, 1, 0),
    ("alpha", "Clerk", 0, 0, 0, 1),
    ("alpha", "clerk", 0, 0, 0, 1),
    ("Álamo", "=1+1", 0, 1, 0, 0),
]


def lines(figures: HiresByQuarter) -> list[tuple[Any, ...]]:
    return [tuple(item.model_dump().values()) for item in figures.items]


def pages(ask: Callable[[QuarterCursor | None], HiresByQuarter]) -> list[HiresByQuarter]:
    found = [ask(None)]
    while found[-1].next_cursor:
        found.append(ask(decode_cursor(found[-1].next_cursor, QuarterCursor)))
    return found


def test_hires_by_quarter(reader: Connection) -> None:
    figures = hires_by_quarter(reader, 2021, limit=1000)
    assert lines(figures) == GOLDEN
    assert figures.unassigned == 3
    assert figures.next_cursor is None
    assert sum(sum(line[2:]) for line in GOLDEN) + figures.unassigned == 12


def test_current_names_are_shown(company: Database, reader: Connection) -> None:
    with owner(company) as connection:
        connection.execute("UPDATE departments SET department = 'Zzz' WHERE id = 3")
    assert lines(hires_by_quarter(reader, 2021, limit=1000))[2][0] == "Zzz"


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6])
def test_pages_have_every_row_once(reader: Connection, limit: int) -> None:
    found = pages(lambda after: hires_by_quarter(reader, 2021, limit=limit, after=after))
    assert [line for page in found for line in lines(page)] == GOLDEN
    assert {page.unassigned for page in found} == {3}
    assert len(found) == -(-len(GOLDEN) // limit)


def test_a_year_without_hires(reader: Connection) -> None:
    figures = hires_by_quarter(reader, 1999, limit=10)
    assert (figures.items, figures.next_cursor, figures.unassigned) == ([], None, 0)
    others = departments_above_average(reader, 1999, limit=10)
    assert (others.items, others.next_cursor, others.unassigned) == ([], None, 0)
    assert others.mean is None
    assert figures.as_of is not None
    assert figures.as_of.utcoffset() is not None


@pytest.mark.parametrize(("mean_over", "mean"), [("hiring", 2.0), ("all", 10 / 6)])
def test_departments_above_average(reader: Connection, mean_over: MeanOver, mean: float) -> None:
    figures = departments_above_average(reader, 2021, mean_over=mean_over, limit=10)
    above = [
        HiredItem(id=1, department="Zoology", hired=4),
        HiredItem(id=2, department="alpha", hired=2),
        HiredItem(id=3, department="Álamo", hired=2),
    ]
    # Two is not above two: departments 2 and 3 count only against the mean over all.
    assert figures.items == (above if mean_over == "all" else above[:1])
    assert figures.mean == pytest.approx(mean)
    assert figures.unassigned == 2


def test_departments_above_average_are_paged(reader: Connection) -> None:
    first = departments_above_average(reader, 2021, mean_over="all", limit=2)
    assert [item.id for item in first.items] == [1, 2]
    after = decode_cursor(first.next_cursor, HiredCursor)
    second = departments_above_average(reader, 2021, mean_over="all", limit=2, after=after)
    assert [item.id for item in second.items] == [3]
    assert second.next_cursor is None
    assert second.mean == first.mean


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
def test_the_time_zone_of_the_session_changes_no_figure(reader: Connection, zone: str) -> None:
    reader.execute("SELECT set_config('timezone', %s, false)", (zone,))
    figures = hires_by_quarter(reader, 2021, limit=1000)
    assert lines(figures) == GOLDEN


def test_items_have_the_documented_fields() -> None:
    assert list(QuarterItem.model_fields) == ["department", "job", "q1", "q2", "q3", "q4"]
    assert list(HiredItem.model_fields) == ["id", "department", "hired"]


class Counting(psycopg.Cursor[Any]):
    """Counts what is sent to the server."""

    sent = 0

    def execute(self, *args: Any, **kwargs: Any) -> "Counting":
        Counting.sent += 1
        return super().execute(*args, **kwargs)


def test_one_query_serves_one_request(reader: Connection) -> None:
    reader.cursor_factory = Counting
    for ask in (hires_by_quarter, departments_above_average):
        Counting.sent = 0
        ask(reader, 2021, limit=10)
        assert Counting.sent == 1


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("question", ["by_quarter", "above_average"])
def test_only_the_years_view_is_read(reader: Connection, question: str, mode: str) -> None:
    given = {"year": 2021, "lines": 10, "mean_over": "all"}
    named = re.findall(r"%\((\w+)\)s", getattr(queries("analytics"), question).sql)
    places = {name: f"${number}" for number, name in enumerate(dict.fromkeys(named), 1)}
    text = re.sub(
        r"%\((\w+)\)s", lambda found: places[found[1]], getattr(queries("analytics"), question).sql
    )
    values = sql.SQL(", ").join(sql.Literal(given.get(name)) for name in places)
    reader.execute("SELECT set_config('plan_cache_mode', %s, false)", (mode,))
    reader.execute(f"PREPARE query AS {text}".encode())
    explain = sql.SQL("EXPLAIN (ANALYZE, COSTS off, TIMING off, BUFFERS off) EXECUTE query ({})")
    plan = [row[0] for row in reader.execute(explain.format(values))]
    read = {
        word
        for line in plan
        if "mv_hires_q_" in line and "never executed" not in line
        for word in line.split()
        if word.startswith("mv_hires_q_")
    }
    assert {name for name in read if name[11:15] != "2021"} == set()
    assert any(name.startswith("mv_hires_q_2021") for name in read)
