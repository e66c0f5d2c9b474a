import io
import json
from typing import cast

from rich.console import Console, RenderableType

from waybill_client import tables
from waybill_client.models import Figures, Job, Reject
from waybill_client.output import print_table
from waybill_client.terminal import printable_json


def shown(what: RenderableType, width: int = 80) -> str:
    screen = io.StringIO()
    print_table(what, Console(file=screen, width=width))
    return screen.getvalue()


def job(state: str = "COMPLETED", **counts: int) -> Job:
    return cast("Job", {"job_id": "j", "dataset": "people", "state": state, "waybill": counts})


def test_waybills_omit_counts_that_are_zero_everywhere() -> None:
    text = shown(tables.waybills([job(read=1200, inserted=1199, rejected=1, updated=0)]))
    assert "1,200" in text
    assert "rejected" in text
    assert "updated" not in text
    assert "unchanged" in shown(tables.waybills([job(read=3, unchanged=3)]))


def test_a_job_without_a_waybill_has_a_line() -> None:
    failed = cast("Job", {"job_id": "j", "dataset": "people", "state": "FAILED"})
    assert "FAILED" in shown(tables.waybills([failed]))
    assert "FAILED" in shown(tables.job_list([failed]))


def test_rejects_show_line_reason_and_record_without_markup() -> None:
    error = {"column": "id", "code": "not-integer", "message": "expected [a] number"}
    reject = {"line": 7, "raw": "x,[red]y\n", "errors": [error], "values": {}, "reject_id": "r"}
    text = shown(tables.rejects([cast("Reject", reject)]))
    assert "7" in text
    assert "expected [a] number" in text
    assert "x,[red]y" in text


def test_control_characters_and_markup_of_a_file_do_not_reach_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e[bold]x[/bold]\x9b31m"
    error = {"column": evil, "code": "c", "message": evil}
    reject = {"line": 1, "raw": evil, "errors": [error], "values": {}, "reject_id": "r"}
    figures = {"items": [{evil: evil}], "next_cursor": None, "as_of": evil, "unassigned": 0}
    for table in (
        tables.rejects([cast("Reject", reject)], evil),
        tables.figures(evil, cast("Figures", figures)),
        tables.waybills([cast("Job", {**job(read=1), "dataset": evil, "state": evil})]),
        tables.job_list([cast("Job", {**job(read=1, rejected=0), "job_id": evil})]),
    ):
        text = shown(table, width=300)
        assert not set(text) & set("\x1b\x07\x9b\u202e")
        assert "[bold]x" in text
        assert "\\x1b" in text


def test_json_output_has_escapes_for_control_characters() -> None:
    value = {"raw": "\x1b[2J\x9b\u202e\x7fé"}
    text = printable_json(value)
    assert not set(text) & set("\x1b\x9b\u202e\x7f")
    assert "é" in text
    assert json.loads(text) == value


def test_figures_have_a_footer() -> None:
    items = [{"name": f"n{number}", "hired": number * 1000} for number in range(1, 6)]
    found = {"items": items, "next_cursor": None, "as_of": "now", "unassigned": 4, "mean": 2.5}
    text = shown(tables.figures("Title", cast("Figures", found), limit=2))
    assert "2,000" in text
    assert "3,000" not in text
    assert "3 more lines, mean 2.50, unassigned 4, as of now" in text


def test_empty_figures_have_a_footer() -> None:
    none: dict[str, object] = {"items": [], "next_cursor": None, "as_of": None, "unassigned": 0}
    assert "unassigned 0" in shown(tables.figures("Title", cast("Figures", none)))
