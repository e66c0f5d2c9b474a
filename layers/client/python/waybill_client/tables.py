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
_WORDS = ("dataset", "state", "created")


def _table(left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in left:
        # Ids are copied whole, so they are never broken over lines.
        is_id = name == "job" or name.endswith("_id")
        is_word = is_id or name in _WORDS
        table.add_column(
            _text(name), overflow="fold", no_wrap=is_word, min_width=_ID if is_id else 0
        )
    for name in right:
        table.add_column(_text(name), justify="right")
    return table


def _text(value: object) -> Text:
    """Not a plain string, in which Rich would interpret `[…]` as markup."""
    return Text(printable(str(value)))


def _titled(title: str, table: Table, footer: str = "") -> Group:
    # Rich wraps a table's own title at the width of the table.
    heading = Text(f"\n{printable(title)}", style="bold")
    return Group(heading, table, Text(printable(footer), style="dim"))


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
    table = _table(tuple(left), [name.split("_")[0] for name in names])
    for *cells, count in zip(*left.values(), counts, strict=True):
        numbers = [f"{count.get(name, 0):,}" for name in names] if count else []
        table.add_row(*map(_text, cells), *numbers)
    return _titled("Waybills", table)


def records(title: str, items: Sequence[dict[str, Any]]) -> Group:
    """A column per field, except those that are objects or lists."""
    names = [
        name
        for name in dict.fromkeys(name for item in items for name in item)
        if not any(isinstance(item.get(name), (dict, list)) for item in items)
    ]
    table = _table(names, ())
    for item in items:
        cells = (item.get(name) for name in names)
        table.add_row(*(_text("" if value is None else value) for value in cells))
    return _titled(title, table)


def job_list(jobs: Iterable[Job]) -> Group:
    """One line per job: id, dataset, state, creation and counts."""
    table = _table(("job", "dataset", "state", "created"), ("read", "rejected"))
    for job in jobs:
        counts = job.get("waybill")
        numbers = [f"{counts['read']:,}", f"{counts['rejected']:,}"] if counts else []
        fields = (job["job_id"], job["dataset"], job["state"], job.get("created_at", "")[:19])
        table.add_row(*map(_text, fields), *numbers)
    return _titled("Jobs", table)


def rejects(rejected: Iterable[Reject], title: str = "Rejects") -> Group:
    """One line per reason: line in the file, column, reason and the record's text."""
    table = _table(("line", "column", "reason"), ())
    table.add_column("record", no_wrap=True, overflow="ellipsis")
    for reject in rejected:
        for error in reject["errors"]:
            table.add_row(
                str(reject["line"]),
                _text(error["column"] or ""),
                _text(error["message"]),
                _text(_short(reject["raw"])),
            )
    return _titled(title, table)


def figures(title: str, response: Figures, *, limit: int | None = None) -> Group:
    """A column per field, numbers aligned to the right; `limit` bounds the lines."""
    items = response["items"][:limit]
    names = list(items[0]) if items else []
    numeric = [name for name in names if all(_is_number(item[name]) for item in items)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(_text(name), justify="right" if name in numeric else "left")
    for item in items:
        table.add_row(*(_cell(item[name]) for name in names))
    return _titled(title, table, _footer(response, len(items)))


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
    return _text(f"{value:,}" if isinstance(value, int) else value)


def _short(raw: str) -> str:
    line = raw.replace("\n", "⏎").strip()
    return line if len(line) <= _RECORD_WIDTH else line[: _RECORD_WIDTH - 1] + "…"
