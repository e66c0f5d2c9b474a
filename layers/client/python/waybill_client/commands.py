"""The `waybill` command for any Waybill API."""

import os
import sys
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from waybill_client import tables
from waybill_client.bearer_auth import Token
from waybill_client.client import Waybill
from waybill_client.errors import ClientError
from waybill_client.login import add_login
from waybill_client.login_commands import add_logins
from waybill_client.logins import token_of
from waybill_client.models import Job
from waybill_client.progress import upload_with_bar
from waybill_client.sigv4 import SigV4Token
from waybill_client.terminal import printable, printable_json

FindApi = Callable[[], str | None]
FindToken = Callable[[], Token | None]
Connect = Callable[[], Waybill]
Year = Annotated[int, typer.Option(help="Year of the hires, in UTC.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the response as JSON.")]
JobId = Annotated[str, typer.Argument(help="The job's id.")]
out = Console()
err = Console(stderr=True)


def api_from_environment() -> str | None:
    """The API's base URL from `WAYBILL_API`."""
    return os.environ.get("WAYBILL_API")


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print `value` as JSON."""
    sys.stdout.write(printable_json(value) + "\n")


def token_from_environment() -> Token | None:
    """The token from `WAYBILL_TOKEN`."""
    return os.environ.get("WAYBILL_TOKEN") or None


def make_app(
    find_api: FindApi = api_from_environment, find_token: FindToken = token_from_environment
) -> typer.Typer:
    """The commands, for the API and with the token that the functions return."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

    signs = False

    @app.callback()
    def options(
        *,
        sigv4: Annotated[
            bool, typer.Option("--sigv4", help="Sign with AWS credentials, as a machine.")
        ] = False,
    ) -> None:
        nonlocal signs
        signs = sigv4

    def connect() -> Waybill:
        api = find_api()
        if not api:
            raise ClientError("Set WAYBILL_API to the base URL of the API, with its stage.")
        if signs:
            return Waybill(api, token=SigV4Token(api))
        with httpx.Client(timeout=30) as http:
            return Waybill(api, token=find_token() or token_of(api, http))

    add_logins(app, find_api, err)
    _add_uploads(app, connect)
    _add_datasets(app, connect)
    _add_jobs(app, connect)
    _add_rejects(app, connect)
    _add_redrive(app, connect)
    add_login(app)
    app.add_typer(_analytics(connect), name="analytics")
    return app


def _add_uploads(app: typer.Typer, connect: Connect) -> None:
    @app.command()
    def upload(  # noqa: PLR0913 - one per option
        dataset: Annotated[str, typer.Argument(help="Dataset of the files.")],
        files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)],
        *,
        delimiter: Annotated[str | None, typer.Option(help="Default: detected.")] = None,
        encoding: Annotated[
            str | None, typer.Option(help="For example latin-1. Default: UTF-8, or declared.")
        ] = None,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Check and count the records, load nothing.")
        ] = False,
        multipart: Annotated[bool, typer.Option(help="Upload in parts.")] = False,
        wait: Annotated[bool, typer.Option(help="Wait until the jobs have ended.")] = True,
    ) -> None:
        """Upload files and show their waybills.

        Exits with 1 if a job failed or every record of a file was rejected.
        """
        options = {"delimiter": delimiter, "encoding": encoding}
        flags = {"dry_run": dry_run, "multipart": multipart}
        chosen = {name: value for name, value in {**options, **flags}.items() if value}
        with connect() as waybill:
            ids = upload_with_bar(waybill, [(dataset, file) for file in files], err, **chosen)
            jobs = [waybill.wait(one) if wait else waybill.job(one) for one in ids]
        out.print(tables.waybills(jobs) if wait else tables.job_list(jobs))
        for job in jobs:
            _print_messages(job)
        if any(map(nothing_loaded, jobs)):
            raise typer.Exit(1)


def _add_datasets(app: typer.Typer, connect: Connect) -> None:
    @app.command()
    def datasets(as_json: AsJson = False) -> None:
        """List the datasets."""
        with connect() as waybill:
            items = waybill.datasets()
        if as_json:
            return print_json(items)
        return _print_lines(str(item["name"]) for item in items)


def nothing_loaded(job: Job) -> bool:
    """Whether the job failed, or rejected every record that it read."""
    counts = job.get("waybill")
    return job["state"] == "FAILED" or bool(counts and counts["read"] == counts["rejected"] > 0)


def _print_messages(job: Job) -> None:
    label = f"{job['dataset']} {job['job_id']}"
    for warning in job.get("warnings", []):
        _print_error(f"{label}: warning: {warning}", "yellow")
    if first := job.get("duplicate_of"):
        _print_error(f"{label}: loaded already, with its rejects, by {first}", "yellow")
    if error := job.get("error"):
        _print_error(f"{label}: {error.get('detail')}", "red")


def _print_error(message: str, style: str = "red") -> None:
    err.print(printable(message, keep="\n"), style=style, markup=False, soft_wrap=True)


def _print_lines(lines: Iterable[str]) -> None:
    out.print("\n".join(map(printable, lines)), markup=False, highlight=False, soft_wrap=True)


def _add_jobs(app: typer.Typer, connect: Connect) -> None:
    @app.command()
    def jobs(
        dataset: Annotated[str | None, typer.Option(help="Only this dataset.")] = None,
        state: Annotated[str | None, typer.Option(help="Only this state.")] = None,
        limit: Annotated[int, typer.Option(help="Maximum number of jobs.", min=1)] = 20,
        as_json: AsJson = False,
    ) -> None:
        """List jobs, newest first."""
        with connect() as waybill:
            items = list(islice(waybill.jobs(dataset=dataset, state=state), limit))
        if as_json:
            return print_json(items)
        return out.print(tables.job_list(items))

    @app.command()
    def job(
        job_id: JobId,
        wait: Annotated[bool, typer.Option(help="Wait until the job has ended.")] = False,
    ) -> None:
        """Show a job with its waybill as JSON."""
        with connect() as waybill:
            print_json(waybill.wait(job_id) if wait else waybill.job(job_id))

    @app.command()
    def cancel(job_id: JobId) -> None:
        """Cancel a job; it writes no rows."""
        with connect() as waybill:
            waybill.cancel(job_id)
        err.print(f"{job_id} is cancelled.", markup=False)


def _add_rejects(app: typer.Typer, connect: Connect) -> None:
    @app.command()
    def rejects(
        job_id: JobId,
        csv: Annotated[bool, typer.Option("--csv", help="As CSV, to correct and replay.")] = False,
    ) -> None:
        """Show the rejected records of a job and the reasons."""
        with connect() as waybill:
            if not csv:
                out.print(tables.rejects(waybill.rejects(job_id)))
                return
            content = waybill.rejects_csv(job_id)
        if sys.stdout.isatty():
            sys.stdout.write(printable(content.decode("utf-8", "backslashreplace"), keep="\r\n\t"))
        else:
            sys.stdout.buffer.write(content)


def _add_redrive(app: typer.Typer, connect: Connect) -> None:
    @app.command()
    def redrive(
        queue: Annotated[
            str | None, typer.Option(help="landed, chunks, merges or extracts. Default: all.")
        ] = None,
        prefix: Annotated[
            str | None, typer.Option(help="Instead: process the objects under landing/… again.")
        ] = None,
        since: Annotated[
            str | None, typer.Option(help="Objects modified since, e.g. 2026-03-01T00:00:00Z.")
        ] = None,
        until: Annotated[str | None, typer.Option(help="Objects modified before.")] = None,
    ) -> None:
        """Retry failed messages, or process objects again; nothing is loaded twice."""
        if prefix is None and (since or until):
            raise ClientError("--since and --until require --prefix landing/…")
        with connect() as waybill:
            if prefix is not None:
                count = waybill.redrive_objects(prefix, since=since, until=until)
                err.print(f"Sent {count} objects.")
                return
            for name, sent in waybill.redrive(queue).items():
                err.print(f"{name}: {sent} messages sent.", markup=False)


def _analytics(connect: Connect) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="Figures of the hires.")

    @app.command()
    def quarterly(year: Year = 2021, as_json: AsJson = False) -> None:
        """Hires by department, job and quarter."""
        with connect() as waybill:
            figures = waybill.hires_by_quarter(year)
        if as_json:
            return print_json(figures)
        return out.print(tables.figures(f"Hires of {year} by quarter", figures))

    @app.command()
    def departments(
        year: Year = 2021,
        mean_over: Annotated[str, typer.Option(help="hiring, or all departments.")] = "hiring",
        as_json: AsJson = False,
    ) -> None:
        """Departments with more hires than the mean."""
        with connect() as waybill:
            figures = waybill.departments_above_average(year, mean_over=mean_over)
        if as_json:
            return print_json(figures)
        return out.print(tables.figures(f"Departments above the mean of {year}", figures))

    return app


def run(app: typer.Typer, expected: tuple[type[Exception], ...] = ()) -> None:
    """Run `app`; `expected` errors are printed without a traceback and exit with 1."""
    caught: tuple[type[Exception], ...] = (ClientError, TimeoutError, *expected)
    try:
        app(prog_name="waybill")
    except caught as error:
        _print_error(str(error))
        sys.exit(1)


def main() -> None:
    """Run the installed `waybill` command."""
    run(make_app())
