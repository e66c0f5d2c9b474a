"""Uploads with progress bars."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from waybill_client.client import Waybill
from waybill_client.terminal import printable

# More files share one bar.
_MOST_BARS = 5
OnSent = Callable[[str], None]


def _ignore(_job_id: str) -> None:
    """Nothing to do."""


def upload_with_bar(
    waybill: Waybill,
    files: Sequence[tuple[str, Path]],
    console: Console,
    on_sent: OnSent = _ignore,
    **options: str | bool,
) -> list[str]:
    """Upload each `(dataset, file)` with a progress bar; returns the job ids in that order.

    `on_sent` is called with the job's id after each file.
    """
    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    sizes = [file.stat().st_size for _, file in files]
    shared = bars.add_task("", total=sum(sizes)) if len(files) > _MOST_BARS else None
    jobs: list[str] = []
    with bars:
        for (dataset, file), size in zip(files, sizes, strict=True):
            bar = _bar(bars, shared, file, size, f"{len(jobs) + 1} of {len(files)}")
            progress = partial(bars.advance, bar)
            jobs.append(waybill.upload(dataset, file, progress=progress, **options))
            on_sent(jobs[-1])
    return jobs


def _bar(bars: Progress, shared: TaskID | None, file: Path, size: int, position: str) -> TaskID:
    if shared is None:
        return bars.add_task(printable(file.name), total=size)
    bars.update(shared, description=f"{position}: {printable(file.name)}")
    return shared
