"""Uploads with a progress bar, for people who wait."""

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


def upload_with_bar(
    waybill: Waybill,
    files: list[tuple[str, Path]],
    console: Console,
    **options: str | bool,
) -> list[str]:
    """Upload each `(dataset, file)`, a bar for each; gives the jobs' ids in the same order."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    jobs = []
    with bars:
        for dataset, file in files:
            bar = bars.add_task(file.name, total=file.stat().st_size)
            jobs.append(
                waybill.upload(dataset, file, progress=partial(bars.advance, bar), **options)
            )
    return jobs
