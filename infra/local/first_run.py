"""Loads the three sample files and shows the results."""

import itertools
from pathlib import Path

from rich.console import Console
from rich.text import Text

from infra.local.samples import DATASETS, write_samples
from infra.local.status import Status
from waybill_client import Waybill, tables
from waybill_client.models import Job
from waybill_client.progress import upload_with_bar

_YEAR = 2021
_EXCERPT = 9
_FIGURES = 10


def show(status: Status, samples: Path, console: Console) -> bool:
    """Upload the samples, wait, and show waybills, rejects and figures; False if a job failed."""
    files = {file.stem: file for file in write_samples(samples)}
    console.print(f"\n[bold]Uploading[/] three files from {samples}, each by a presigned form")
    with Waybill(str(status.api), token=status.token) as waybill:
        todo = [(dataset, files[dataset]) for dataset in DATASETS]
        ids = upload_with_bar(waybill, todo, console)
        with console.status("Loading …"):
            jobs = [waybill.wait(job_id) for job_id in ids]
        console.print(tables.waybills(jobs))
        for job in jobs:
            _show_rejects(waybill, job, console)
        failed = [job for job in jobs if job["state"] == "FAILED"]
        for job in failed:
            detail = job.get("error", {}).get("detail")
            console.print(Text(f"{job['dataset']}: {detail}", style="red"), soft_wrap=True)
        if not failed:
            _show_figures(waybill, ids[-1], console)
    _say_what_next(status, console)
    return not failed


def _show_rejects(waybill: Waybill, job: Job, console: Console) -> None:
    counts = job.get("waybill")
    if counts and counts["rejected"]:
        some = list(
            itertools.islice(waybill.rejects(job.get("duplicate_of", job["job_id"])), _EXCERPT)
        )
        title = f"{len(some)} of {counts['rejected']} rejects of {job['dataset']}"
        console.print(tables.rejects(some, title))


def _show_figures(waybill: Waybill, last_job: str, console: Console) -> None:
    # The views are refreshed after the load; `min_job` waits until they include it.
    with console.status("Refreshing the figures …"):
        hires = waybill.hires_by_quarter(_YEAR, min_job=last_job)
        above = waybill.departments_above_average(_YEAR, min_job=last_job)
    console.print(tables.figures(f"Hires of {_YEAR} by quarter", hires, limit=_FIGURES))
    console.print(tables.figures(f"Departments above the mean of {_YEAR}", above))


def _say_what_next(status: Status, console: Console) -> None:
    lines = (
        ("console", f"{status.console}   open it in a browser"),
        ("API", str(status.api)),
        ("docs", str(status.docs)),
        ("AWS", f"{status.aws_endpoint_url}, landing bucket {status.landing_bucket}"),
        ("", ""),
        ("make status", "all addresses as JSON"),
        ("make upload-all", "the same files again: the waybills say that nothing changed"),
        ("make analytics-quarterly", "the figures (YEAR=2020 for another year)"),
        ("make sample", "a file of 1,000,000 records (ROWS=…)"),
        ("make shell-db", "SQL"),
        ("make down", "stop it all; the data stay"),
    )
    console.print("\n[bold]The stack is up.[/] What to type next:\n")
    for name, what in lines:
        console.print(f"  {name.ljust(25)} {what}".rstrip(), markup=False, soft_wrap=True)
