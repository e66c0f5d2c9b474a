import io
from typing import cast

from rich.console import Console, RenderableType

from waybill_client import tables
from waybill_client.shapes import Figures, Job, Reject


def shown(what: RenderableType, width: int = 80) -> str:
    screen = io.StringIO()
    Console(file=screen, width=width).print(what)
    return screen.getvalue()


def job(state: str = "COMPLETED", **counts: int) -> Job:
    return cast("Job", {"job_id": "j", "dataset": "people", "state": state, "waybill": counts})


def test_waybills_leave_out_what_is_nothing() -> None:
    text = shown(tables.waybills([job(read=1200, inserted=1199, rejected=1, updated=0)]))
    assert "1,200" in text
    assert "rejected" in text
    assert "updated" not in text
    assert "unchanged" in shown(tables.waybills([job(read=3, unchanged=3)]))


def test_a_job_without_a_waybill_has_a_line_too() -> None:
    failed = cast("Job", {"job_id": "j", "dataset": "people", "state": "FAILED"})
    assert "FAILED" in shown(tables.waybills([failed]))
    assert "FAILED" in shown(tables.job_list([failed]))


def test_rejects_show_line_reason_and_record_as_they_are() -> None:
    flaw = {"column": "id", "code": "not-integer", "message": "expected [a] number"}
    reject = {"line": 7, "raw": "x,[red]y\n", "errors": [flaw], "values": {}, "reject_id": "r"}
    text = shown(tables.rejects([cast("Reject", reject)]))
    assert "7" in text
    assert "expected [a] number" in text
    assert "x,[red]y" in text


def test_figures_say_what_stands_around_them() -> None:
    items = [{"name": f"n{number}", "hired": number * 1000} for number in range(1, 6)]
    found = {"items": items, "next_cursor": None, "as_of": "now", "unassigned": 4, "mean": 2.5}
    text = shown(tables.figures("Title", cast("Figures", found), most=2))
    assert "2,000" in text
    assert "3,000" not in text
    assert "3 more lines, mean 2.50, unassigned 4, as of now" in text


def test_no_figures_are_no_error() -> None:
    none: dict[str, object] = {"items": [], "next_cursor": None, "as_of": None, "unassigned": 0}
    assert "unassigned 0" in shown(tables.figures("Title", cast("Figures", none)))
