"""`waybill jobs rejects` and `waybill jobs replay`."""

from pathlib import Path
from typing import Annotated

import typer

from waybill_client import tables
from waybill_client.job_commands import AsJson, Connect, JobId
from waybill_client.job_output import nothing_loaded, print_messages
from waybill_client.output import FAILED, print_json, print_table
from waybill_client.table_files import write_out


def add_rejects(app: typer.Typer, group: typer.Typer, connect: Connect) -> None:
    """Add the commands to the group `jobs`, and `rejects` to the app."""
    for parent, hidden in ((group, False), (app, True)):
        _add_rejects(parent, connect, hidden=hidden)
    _add_replay(group, connect)


def _add_rejects(parent: typer.Typer, connect: Connect, *, hidden: bool) -> None:
    @parent.command(hidden=hidden)
    def rejects(
        job_id: JobId,
        csv: Annotated[bool, typer.Option("--csv", help="As CSV, to correct and replay.")] = False,
        as_json: AsJson = False,
    ) -> None:
        """Show the rejected records of a job and the reasons."""
        with connect() as waybill:
            if csv:
                return write_out(waybill.rejects_csv(job_id))
            items = list(waybill.rejects(job_id))
        return print_json(items) if as_json else print_table(tables.rejects(items))


def _add_replay(group: typer.Typer, connect: Connect) -> None:
    @group.command()
    def replay(
        job_id: JobId,
        file: Annotated[
            Path, typer.Argument(exists=True, dir_okay=False, help="The corrected CSV of rejects.")
        ],
        wait: Annotated[bool, typer.Option(help="Wait until the new job has ended.")] = True,
        as_json: AsJson = False,
    ) -> None:
        """Load corrected rejects, as a new job; exits with 1 if it failed or loaded nothing."""
        with connect() as waybill:
            new = waybill.replay(job_id, file.read_bytes())
            job = waybill.wait(new) if wait else waybill.job(new)
        if as_json:
            print_json(job)
        else:
            print_table(tables.job_list([job]))
            print_messages(job)
        if nothing_loaded(job):
            raise typer.Exit(FAILED)
