"""Jobs, rejects and figures as tables for the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from waybill_client.models import Figures, Job, Reject
from waybill_client.terminal import printable

_COUNTS = (
    "read",
    "inserted",
    "updated",
    "unchanged",
    "superseded",
    "filtered",
    "rejected",
    "pending_reference",
)
_ALWAYS = ("read", "inserted", "rejected")
_RECORD_WIDTH = 40
_ID = 36
# Columns of single words.
_WORDS = ("dataset", "state", "created", "outcome")


def empty_table(left: Sequence[str], right: Sequence[str]) -> Table:
    """A table without rows; the columns `right` are aligned to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in left:
        # Ids are copied whole, so they are never broken over lines.
        is_id = name == "job" or name.endswith("_id")
        is_word = is_id or name in _WORDS
        table.add_column(
            cell_text(name), overflow="fold", no_wrap=is_word, min_width=_ID if is_id else 0
        )
    for name in right:
        table.add_column(cell_text(name), justify="right")
    return table


def cell_text(value: object) -> Text:
    """Not a plain string, in which Rich would interpret `[…]` as markup."""
    return Text(printable(str(value)))


def titled(title: str, rows: Table, footer: str = "") -> Group:
    """The table below its title."""
    # Rich wraps a table's own title at the width of the table.
    heading = Text(f"\n{printable(title)}", style="bold")
    return Group(heading, rows, Text(printable(footer), style="dim"))


def waybills(jobs: Iterable[Job]) -> Group:
    """One line per job with the counts of its waybill."""
    shown = list(jobs)
    datasets = [job["dataset"] for job in shown]
    return _with_counts(shown, {"dataset": datasets, "state": [job["state"] for job in shown]})


def uploads(names: Sequence[str], jobs: Sequence[Job]) -> Group:
    """One line per file: its name, its job's id and state, and the counts of its waybill."""
    ids = [job["job_id"] for job in jobs]
    return _with_counts(jobs, {"file": names, "job": ids, "state": [job["state"] for job in jobs]})


def _with_counts(jobs: Sequence[Job], left: Mapping[str, Sequence[str]]) -> Group:
    """One line per job: the columns `left`, then the counts of its waybill.

    A count that is zero in every job is omitted, except read, inserted and rejected.
    """
    counts = [job.get("waybill") for job in jobs]
    names = [
        name for name in _COUNTS if name in _ALWAYS or any(one and one.get(name) for one in counts)
    ]
    table = empty_table(tuple(left), [name.split("_")[0] for name in names])
    for *cells, count in zip(*left.values(), counts, strict=True):
        numbers = [f"{count.get(name, 0):,}" for name in names] if count else []
        table.add_row(*map(cell_text, cells), *numbers)
    return titled("Waybills", table)


def records(title: str, items: Sequence[dict[str, Any]]) -> Group:
    """A column per field, except those that are objects or lists."""
    names = [
        name
        for name in dict.fromkeys(name for item in items for name in item)
        if not any(isinstance(item.get(name), (dict, list)) for item in items)
    ]
    table = empty_table(names, ())
    for item in items:
        cells = (item.get(name) for name in names)
        table.add_row(*(cell_text("" if value is None else value) for value in cells))
    return titled(title, table)


def job_list(jobs: Iterable[Job]) -> Group:
    """One line per job: id, dataset, state, creation and counts."""
    table = empty_table(("job", "dataset", "state", "created"), ("read", "rejected"))
    for job in jobs:
        counts = job.get("waybill")
        numbers = [f"{counts['read']:,}", f"{counts['rejected']:,}"] if counts else []
        fields = (job["job_id"], job["dataset"], job["state"], job.get("created_at", "")[:19])
        table.add_row(*map(cell_text, fields), *numbers)
    return titled("Jobs", table)


def rejects(rejected: Iterable[Reject], title: str = "Rejects") -> Group:
    """One line per reason: line in the file, column, reason and the record's text.

    Of an archive, with the file in it.
    """
    listed = list(rejected)
    member = ["member"] if any("job_id" in reject for reject in listed) else []
    table = empty_table((*member, "line", "column", "reason"), ())
    table.add_column("record", no_wrap=True, overflow="ellipsis")
    for reject in listed:
        for error in reject["errors"]:
            table.add_row(
                *[cell_text(reject["member"]) for _ in member],
                str(reject["line"]),
                cell_text(error["column"] or ""),
                cell_text(error["message"]),
                cell_text(_short(reject["raw"])),
            )
    return titled(title, table)


def figures(title: str, response: Figures, *, limit: int | None = None) -> Group:
    """A column per field, numbers aligned to the right; `limit` bounds the lines."""
    items = response["items"][:limit]
    names = list(items[0]) if items else []
    numeric = [name for name in names if all(_is_number(item[name]) for item in items)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(cell_text(name), justify="right" if name in numeric else "left")
    for item in items:
        table.add_row(*(_cell(item[name]) for name in names))
    return titled(title, table, _footer(response, len(items)))


def _footer(response: Figures, shown: int) -> str:
    more = len(response["items"]) - shown
    parts = [f"{more:,} more lines"] if more else []
    if response.get("mean") is not None:
        parts.append(f"mean {response['mean']:.2f}")
    parts.append(f"unassigned {response['unassigned']:,}")
    parts.append(f"as of {response['as_of']}")
    return ", ".join(parts)


def _is_number(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cell(value: Any) -> Text:  # noqa: ANN401 - any JSON value
    return cell_text(f"{value:,}" if isinstance(value, int) else value)


def _short(raw: str) -> str:
    line = raw.replace("\n", "⏎").strip()
    return line if len(line) <= _RECORD_WIDTH else line[: _RECORD_WIDTH - 1] + "…"
