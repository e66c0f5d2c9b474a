"""What people read: jobs, rejects and figures as tables."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from waybill_client.shapes import Figures, Job, Reject

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
_LONGEST = 40


def _table(left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right")
    return table


def _titled(title: str, table: Table, under: str = "") -> Group:
    # Rich's own titles are wrapped at the width of the table.
    return Group(Text(f"\n{title}", style="bold"), table, Text(under, style="dim"))


def waybills(jobs: Iterable[Job]) -> Group:
    """One line a job with the counts of its waybill: `read` is the sum of the others.

    Counts that are nothing in all of them are left out, but for the usual three.
    """
    shown = list(jobs)
    counts = [job.get("waybill") for job in shown]
    names = [
        name for name in _COUNTS if name in _ALWAYS or any(one and one.get(name) for one in counts)
    ]
    table = _table(("dataset", "state"), [name.split("_")[0] for name in names])
    for job, count in zip(shown, counts, strict=True):
        numbers = [f"{count.get(name, 0):,}" for name in names] if count else []
        table.add_row(job["dataset"], job["state"], *numbers)
    return _titled("Waybills", table)


def job_list(jobs: Iterable[Job]) -> Group:
    """One line a job: when, what, and how far."""
    table = _table(("job", "dataset", "state", "created"), ("read", "rejected"))
    for job in jobs:
        counts = job.get("waybill")
        numbers = [f"{counts['read']:,}", f"{counts['rejected']:,}"] if counts else []
        table.add_row(
            job["job_id"], job["dataset"], job["state"], job.get("created_at", ""), *numbers
        )
    return _titled("Jobs", table)


def rejects(refused: Iterable[Reject], title: str = "Rejects") -> Group:
    """One line a reason: where in the file, why, and what stood there."""
    table = _table(("line", "column", "reason"), ())
    table.add_column("record", no_wrap=True, overflow="ellipsis")
    for reject in refused:
        for flaw in reject["errors"]:
            table.add_row(
                str(reject["line"]),
                flaw["column"] or "",
                Text(flaw["message"]),
                Text(_short(reject["raw"])),
            )
    return _titled(title, table)


def figures(title: str, found: Figures, *, most: int | None = None) -> Group:
    """The figures as they come: a column for each field, numbers to the right."""
    items = found["items"][:most]
    names = list(items[0]) if items else []
    numeric = [name for name in names if all(_is_number(item[name]) for item in items)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, justify="right" if name in numeric else "left")
    for item in items:
        table.add_row(*(_cell(item[name]) for name in names))
    return _titled(title, table, _under(found, len(items)))


def _under(found: Figures, shown: int) -> str:
    more = len(found["items"]) - shown
    parts = [f"{more:,} more lines"] if more else []
    if found.get("mean") is not None:
        parts.append(f"mean {found['mean']:.2f}")
    parts.append(f"unassigned {found['unassigned']:,}")
    parts.append(f"as of {found['as_of']}")
    return ", ".join(parts)


def _is_number(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cell(value: Any) -> Text:  # noqa: ANN401 - any JSON value
    return Text(f"{value:,}" if isinstance(value, int) else str(value))


def _short(raw: str) -> str:
    line = raw.replace("\n", "⏎").strip()
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
