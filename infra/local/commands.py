"""The `waybill` command of the source tree: the client's commands and the local stack's."""

import os
import signal
import sys
import time
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer

from infra.cost.command import cost
from infra.doctor.command import (
    account_findings,
    api_findings,
    local_findings,
    print_findings,
    show,
)
from infra.environments import UnknownTargetError
from infra.local import first_run
from infra.local.databases import DatabaseUrlError
from infra.local.deployer import DeployError
from infra.local.emulator import EmulatorError
from infra.local.function_logs import read_lines
from infra.local.ports import PortTakenError
from infra.local.postgres import PostgresError
from infra.local.running import local_stack, running
from infra.local.sample_commands import SAMPLES, add_samples
from infra.local.shell_commands import add_shells
from infra.local.stack_error import StackError
from infra.local.status import Status
from infra.local.synth import SynthError
from waybill.http.principal import Role
from waybill_client.bearer_auth import Token
from waybill_client.commands import (
    api_from_environment,
    err,
    make_app,
    out,
    run,
    token_from_environment,
)
from waybill_client.job_commands import AsJson

_EXPECTED = (
    psycopg.Error,
    DatabaseUrlError,
    DeployError,
    EmulatorError,
    PortTakenError,
    PostgresError,
    StackError,
    SynthError,
    UnknownTargetError,
)


def _find_api() -> str | None:
    return api_from_environment() or running().api


def _find_token() -> Token | None:
    # The local stack's issuer signs for the local stack only.
    if api_from_environment():
        return token_from_environment()
    return token_from_environment() or local_stack().issuer().fresh_token


def _infer_whole(file: Path, name: str, header: str | None) -> dict[str, Any]:
    # The library of Arrow takes a while to load.
    from infra.local.infer import infer_file  # noqa: PLC0415

    return infer_file(file, name, header)


app = make_app(_find_api, _find_token, doctor=False, infer_whole=_infer_whole)
app.command()(cost)
add_shells(app)
add_samples(app)


@app.command()
def doctor(
    deployed: Annotated[
        str | None,
        typer.Option(metavar="ENV", help="Check dev, staging or prod on AWS; nothing is changed."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the set-up and say what to mend: the local stack, WAYBILL_API, or an account."""
    token = os.environ.get("WAYBILL_TOKEN")
    if deployed:
        findings = account_findings(deployed)
        if api := api_from_environment():
            findings = chain(findings, api_findings(api, token))
    elif api := api_from_environment():
        findings = api_findings(api, token)
    else:
        findings = local_findings(local_stack().status())
    if not (print_findings(findings) if as_json else show(findings, out)):
        raise typer.Exit(1)


@app.command(name="run")
def run_once() -> None:
    """Start the stack, load the samples and show the results."""
    if not first_run.show(local_stack().up(), SAMPLES, out):
        raise typer.Exit(1)


@app.command()
def up(
    foreground: Annotated[
        bool, typer.Option(help="Keep running; stop the stack on Ctrl-C.")
    ] = False,
) -> None:
    """Start the local stack, deploy what changed, and migrate."""
    stack = local_stack()
    if not foreground:
        _print_status(stack.up())
        return
    # A shell starts background jobs (`&`) with SIGINT ignored.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    try:
        _print_status(stack.up())
        err.print("Press Ctrl-C to stop.")
        while stack.status().state == "up":
            time.sleep(1)
        err.print("A process of the stack has exited.")
    except KeyboardInterrupt:
        err.print()
    finally:
        err.print("Stopping …", style="dim")
        stack.down()


@app.command()
def down(
    erase: Annotated[bool, typer.Option(help="Also delete all data.")] = False,
) -> None:
    """Stop the local stack and keep its data."""
    stack = local_stack()
    if erase:
        err.print(f"Erasing {stack.erased}.", markup=False, soft_wrap=True)
    stack.down(erase=erase)
    err.print("The stack is down.")


@app.command()
def restart() -> None:
    """Restart the local stack."""
    stack = local_stack()
    stack.down()
    _print_status(stack.up())


@app.command()
def status() -> None:
    """Print the state and the addresses of the stack as JSON."""
    sys.stdout.write(local_stack().status().model_dump_json(indent=2) + "\n")


@app.command()
def token(
    role: Annotated[Role, typer.Option(help="reader, loader or admin.")] = "admin",
    subject: Annotated[str, typer.Option(help="Name of the bearer.")] = "developer",
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only this dataset; may be repeated.")
    ] = None,
) -> None:
    """Print a token for the local stack's API, valid for 30 minutes."""
    running()
    issuer = local_stack().issuer()
    sys.stdout.write(issuer.token(role, subject=subject, datasets=dataset or None) + "\n")


@app.command(name="logs")
def show_logs(
    function: Annotated[
        str | None, typer.Option(help="Only this function, or all of `api` or `pipeline`.")
    ] = None,
    follow: Annotated[bool, typer.Option(help="Wait for new lines.")] = False,
) -> None:
    """Print the functions' logs since the stack was started."""
    running()
    for line in read_lines(local_stack().clients(), function=function, follow=follow):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


@app.command()
def migrate() -> None:
    """Deploy the tree to the running stack and apply the changes in sql/."""
    running()
    stack = local_stack()
    stack.up()
    out.print(stack.migrated or stack.migrate(), markup=False, soft_wrap=True)


def _print_status(status: Status) -> None:
    for line in (
        f"The stack is {status.state}.",
        f"  console  {status.console}",
        f"  API      {status.api}",
    ):
        err.print(line, markup=False, soft_wrap=True)


def main() -> None:
    """Run the `waybill` command of the source tree."""
    run(app, _EXPECTED)
