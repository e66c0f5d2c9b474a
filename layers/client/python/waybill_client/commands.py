"""The `waybill` command: what anybody with a Waybill API can do."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from waybill_client import tables
from waybill_client.client import Waybill
from waybill_client.problems import ClientError
from waybill_client.progress import upload_with_bar

FindApi = Callable[[], str | None]
Year = Annotated[int, typer.Option(help="Year of the hires, in UTC.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's answer as JSON.")]
JobId = Annotated[str, typer.Argument(help="The job's id.")]
out = Console()
notes = Console(stderr=True)


def api_from_environment() -> str | None:
    """The API's base address as `WAYBILL_API` gives it."""
    return os.environ.get("WAYBILL_API")


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print `value` as JSON, for programs."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def make_app(find_api: FindApi = api_from_environment) -> typer.Typer:
    """The commands, for the API that `find_api` finds."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

    def client() -> Waybill:
        api = os.environ.get("WAYBILL_API") or find_api()
        if not api:
            raise ClientError("Which API? Set WAYBILL_API to its base address, with the stage.")
        return Waybill(api, token=os.environ.get("WAYBILL_TOKEN"))

    _add_uploads(app, client)
    _add_jobs(app, client)
    _add_redrive(app, client)
    app.add_typer(_analytics(client), name="analytics")
    return app


def _add_uploads(app: typer.Typer, client: Callable[[], Waybill]) -> None:
    @app.command()
    def upload(
        dataset: Annotated[str, typer.Argument(help="The dataset that the file is for.")],
        files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)],
        delimiter: Annotated[str | None, typer.Option(help="Found out when left out.")] = None,
        multipart: Annotated[bool, typer.Option(help="Send it in parts.")] = False,
        wait: Annotated[bool, typer.Option(help="Wait for the waybill.")] = True,
    ) -> None:
        """Upload files for a dataset and show their waybills."""
        options: dict[str, str | bool] = {"delimiter": delimiter} if delimiter else {}
        if multipart:
            options["multipart"] = True
        with client() as waybill:
            todo = [(dataset, file) for file in files]
            ids = upload_with_bar(waybill, todo, notes, **options)
            jobs = [waybill.wait(one) if wait else waybill.job(one) for one in ids]
            out.print(tables.waybills(jobs) if wait else tables.job_list(jobs))
            for job in jobs:
                if error := job.get("error"):
                    notes.print(f"{job['job_id']}: {error.get('detail')}", style="red")
        if any(job["state"] == "FAILED" for job in jobs):
            raise typer.Exit(1)

    @app.command()
    def datasets(as_json: AsJson = False) -> None:
        """List the datasets."""
        with client() as waybill:
            found = waybill.datasets()
        if as_json:
            return print_json(found)
        return out.print("\n".join(str(one["name"]) for one in found))


def _add_jobs(app: typer.Typer, client: Callable[[], Waybill]) -> None:
    @app.command()
    def jobs(
        dataset: Annotated[str | None, typer.Option(help="Only of this dataset.")] = None,
        state: Annotated[str | None, typer.Option(help="Only in this state.")] = None,
        limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 20,
        as_json: AsJson = False,
    ) -> None:
        """List jobs, newest first."""
        with client() as waybill:
            listed = waybill.jobs(dataset=dataset, state=state)
            found = [job for job, _ in zip(listed, range(limit), strict=False)]
        if as_json:
            return print_json(found)
        return out.print(tables.job_list(found))

    @app.command()
    def job(
        job_id: JobId,
        wait: Annotated[bool, typer.Option(help="Wait until it has ended.")] = False,
    ) -> None:
        """Show a job with its waybill, as JSON."""
        with client() as waybill:
            print_json(waybill.wait(job_id) if wait else waybill.job(job_id))

    @app.command()
    def rejects(
        job_id: JobId,
        csv: Annotated[bool, typer.Option("--csv", help="As CSV, to correct and replay.")] = False,
    ) -> None:
        """Show the records of a job that were refused, and why."""
        with client() as waybill:
            if csv:
                sys.stdout.buffer.write(waybill.rejects_csv(job_id))
            else:
                out.print(tables.rejects(waybill.rejects(job_id)))

    @app.command()
    def cancel(job_id: JobId) -> None:
        """Cancel a job: it leaves no rows."""
        with client() as waybill:
            waybill.cancel(job_id)
        notes.print(f"{job_id} is cancelled.")


def _add_redrive(app: typer.Typer, client: Callable[[], Waybill]) -> None:
    @app.command()
    def redrive(
        queue: Annotated[
            str | None, typer.Option(help="landed, chunks or merges; all when left out.")
        ] = None,
        prefix: Annotated[
            str | None, typer.Option(help="Instead: objects below landing/… that are there.")
        ] = None,
        since: Annotated[
            str | None, typer.Option(help="Objects written at or after, e.g. 2026-03-01T00:00:00Z.")
        ] = None,
        until: Annotated[str | None, typer.Option(help="Objects written before.")] = None,
    ) -> None:
        """Send failed messages again, or have objects looked at again; nothing is loaded twice."""
        if prefix is None and (since or until):
            raise ClientError("Times are of objects: say which with --prefix landing/…")
        with client() as waybill:
            if prefix is not None:
                count = waybill.redrive_objects(prefix, since=since, until=until)
                notes.print(f"{count} objects are looked at again.")
                return
            for name, sent in waybill.redrive(queue).items():
                notes.print(f"{name}: {sent} messages sent again.")


def _analytics(client: Callable[[], Waybill]) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="The figures.")

    @app.command()
    def quarterly(year: Year = 2021, as_json: AsJson = False) -> None:
        """Hires by department, job and quarter."""
        with client() as waybill:
            found = waybill.hires_by_quarter(year)
        if as_json:
            return print_json(found)
        return out.print(tables.figures(f"Hires of {year} by quarter", found))

    @app.command()
    def departments(
        year: Year = 2021,
        mean_over: Annotated[str, typer.Option(help="hiring, or all departments.")] = "hiring",
        as_json: AsJson = False,
    ) -> None:
        """Departments that hired more than the mean."""
        with client() as waybill:
            found = waybill.departments_above_average(year, mean_over=mean_over)
        if as_json:
            return print_json(found)
        return out.print(tables.figures(f"Departments above the mean of {year}", found))

    return app


def run(app: typer.Typer, expected: tuple[type[Exception], ...] = ()) -> None:
    """Run `app`; what it expects to go wrong is told in a line, without a traceback."""
    caught: tuple[type[Exception], ...] = (ClientError, TimeoutError, *expected)
    try:
        app(prog_name="waybill")
    except caught as error:
        notes.print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(1)


def main() -> None:
    """The installed `waybill` command."""
    run(make_app())
