"""Uploads with a progress bar."""

from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from waybill_client.client import Waybill
from waybill_client.terminal import printable


def upload_with_bar(
    waybill: Waybill,
    files: list[tuple[str, Path]],
    console: Console,
    **options: str | bool,
) -> list[str]:
    """Upload each `(dataset, file)` with a progress bar; returns the job ids in that order."""
    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    jobs = []
    with bars:
        for dataset, file in files:
            bar = bars.add_task(printable(file.name), total=file.stat().st_size)
            jobs.append(
                waybill.upload(dataset, file, progress=partial(bars.advance, bar), **options)
            )
    return jobs
