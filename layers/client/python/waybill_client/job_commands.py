"""`waybill jobs`: list, show, wait, cancel, revert, runs, columns."""

from collections.abc import Callable
from itertools import islice
from typing import Annotated

import typer

from waybill_client import tables
from waybill_client.client import Waybill
from waybill_client.column_table import compared_columns
from waybill_client.job_output import nothing_loaded, print_messages
from waybill_client.output import FAILED, INTERRUPTED, print_json, print_message, print_table

Connect = Callable[[], Waybill]
AsJson = Annotated[bool, typer.Option("--json", help="Print the response as JSON.")]
JobId = Annotated[str, typer.Argument(help="The job's id.")]
Seconds = Annotated[float, typer.Option("--timeout", help="Seconds to wait.", min=1)]


def add_jobs(app: typer.Typer, connect: Connect) -> typer.Typer:
    """Add the commands; returns the group `jobs`."""
    group = typer.Typer(invoke_without_command=True)
    app.add_typer(group, name="jobs")
    _add_list(group, connect)
    _add_show(group, connect)
    _add_wait(group, connect)
    # Hidden are the names of earlier versions, for scripts.
    for parent, hidden in ((group, False), (app, True)):
        _add_cancel(parent, connect, hidden=hidden)
    _add_revert(group, connect)
    _add_runs(group, connect)
    _add_columns(group, connect)
    _add_job(app, connect)
    return group


def _add_list(group: typer.Typer, connect: Connect) -> None:
    @group.callback()
    def jobs(
        context: typer.Context,
        dataset: Annotated[str | None, typer.Option(help="Only this dataset.")] = None,
        state: Annotated[str | None, typer.Option(help="Only this state.")] = None,
        limit: Annotated[int, typer.Option(help="Maximum number of jobs.", min=1)] = 20,
        as_json: AsJson = False,
    ) -> None:
        """List jobs, newest first; or show, await, cancel, correct one."""
        if context.invoked_subcommand:
            return None
        with connect() as waybill:
            items = list(islice(waybill.jobs(dataset=dataset, state=state), limit))
        return print_json(items) if as_json else print_table(tables.job_list(items))


def _add_show(group: typer.Typer, connect: Connect) -> None:
    @group.command()
    def show(job_id: JobId, as_json: AsJson = False) -> None:
        """Show a job with its waybill, and what changed against the load before it."""
        with connect() as waybill:
            job = waybill.job(job_id)
            if as_json:
                return print_json(job)
            # An archive has none: its members have.
            has_columns = "waybill" in job and not job.get("members")
            columns = waybill.columns(job_id) if has_columns else None
        print_table(tables.job_list([job]))
        print_table(tables.waybills([job]))
        if members := job.get("members"):
            print_table(tables.records("Members", [dict(member) for member in members]))
        if columns and columns["items"]:
            print_table(compared_columns(columns))
        return print_messages(job)


def _add_wait(group: typer.Typer, connect: Connect) -> None:
    @group.command()
    def wait(
        job_ids: Annotated[list[str], typer.Argument(help="The jobs' ids.")],
        timeout: Seconds = 600,
        as_json: AsJson = False,
    ) -> None:
        """Wait until jobs have ended; exits with 1 if one failed or loaded nothing."""
        try:
            with connect() as waybill:
                jobs = [waybill.wait(one, timeout_seconds=timeout) for one in job_ids]
        except KeyboardInterrupt:
            print_message("\nThe jobs go on. Follow them: waybill jobs wait " + " ".join(job_ids))
            raise typer.Exit(INTERRUPTED) from None
        if as_json:
            print_json(jobs)
        else:
            print_table(tables.job_list(jobs))
            for job in jobs:
                print_messages(job)
        if any(map(nothing_loaded, jobs)):
            raise typer.Exit(FAILED)


def _add_job(app: typer.Typer, connect: Connect) -> None:
    @app.command(hidden=True)
    def job(
        job_id: JobId,
        wait: Annotated[bool, typer.Option(help="Wait until the job has ended.")] = False,
    ) -> None:
        """Show a job with its waybill as JSON."""
        with connect() as waybill:
            print_json(waybill.wait(job_id) if wait else waybill.job(job_id))


def _add_cancel(parent: typer.Typer, connect: Connect, *, hidden: bool) -> None:
    @parent.command(hidden=hidden)
    def cancel(job_id: JobId, as_json: AsJson = False) -> None:
        """Cancel a job; it writes no rows."""
        with connect() as waybill:
            waybill.cancel(job_id)
        if as_json:
            print_json({"job_id": job_id, "state": "CANCELLED"})
        else:
            print_message(f"{job_id} is cancelled.")


def _add_revert(group: typer.Typer, connect: Connect) -> None:
    @group.command()
    def revert(job_id: JobId, as_json: AsJson = False) -> None:
        """Take a load back, unless something has touched its rows since."""
        with connect() as waybill:
            document = waybill.revert(job_id)
        if as_json:
            print_json({"job_id": job_id, "state": "REVERTED", "revert": document})
        else:
            removed, restored = document["removed"], document["restored"] + document["reinserted"]
            print_message(f"{job_id} is reverted: {removed} rows removed, {restored} restored.")


def _add_runs(group: typer.Typer, connect: Connect) -> None:
    @group.command()
    def runs(job_id: JobId, as_json: AsJson = False) -> None:
        """Show the runs of a job: every attempt of a step."""
        with connect() as waybill:
            items = list(waybill.runs(job_id))
        if as_json:
            return print_json(items)
        # Why it was tried again; the field is nested.
        shown = [{**one, "error": (one.get("error") or {}).get("detail")} for one in items]
        return print_table(tables.records("Runs", shown))


def _add_columns(group: typer.Typer, connect: Connect) -> None:
    @group.command()
    def columns(job_id: JobId, as_json: AsJson = False) -> None:
        """Show nulls, distinct values and extremes of a job's columns."""
        with connect() as waybill:
            found = waybill.columns(job_id)
        return print_json(found) if as_json else print_table(compared_columns(found))
