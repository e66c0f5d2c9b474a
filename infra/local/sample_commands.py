"""Commands that write sample files, and load sample users."""

from pathlib import Path
from typing import Annotated

import typer

from infra.bootstrap import ROOT
from infra.local.running import local_stack, running
from infra.local.samples import write_samples
from infra.local.user_samples import DATASET as USERS
from infra.local.user_samples import write_users
from waybill_client import Waybill, tables
from waybill_client.job_output import nothing_loaded
from waybill_client.output import err, out
from waybill_client.progress import upload_with_bar

SAMPLES = ROOT / "samples"


def add_samples(app: typer.Typer) -> None:
    """Add `sample` and `sample-users`."""
    app.command()(sample)
    app.command(name="sample-users")(sample_users)


def sample(
    rows: Annotated[int, typer.Option(help="Records in the large file.", min=0)] = 100_000,
    bad: Annotated[float, typer.Option(help="Fraction of invalid records.", min=0, max=1)] = 0.01,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
    out_folder: Annotated[Path, typer.Option("--out", help="Folder to write to.")] = SAMPLES,
) -> None:
    """Write the three sample files (2,000 employees) and a large one."""
    for file in write_samples(out_folder, rows=rows, bad=bad, seed=seed):
        out.print(f"{file}  {file.stat().st_size:,} bytes", markup=False)


def sample_users(
    rows: Annotated[int, typer.Option(help="Users in all.", min=1)] = 1_000_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same users.")] = 1,
    folder: Annotated[Path, typer.Option("--out", help="Folder to write to.")] = SAMPLES,
) -> None:
    """Write sample users file by file, and load each through the running stack."""
    with Waybill(str(running().api), token=local_stack().issuer().fresh_token) as waybill:
        for file in write_users(folder, rows=rows, seed=seed):
            (job_id,) = upload_with_bar(waybill, [(USERS, file)], err)
            job = waybill.wait(job_id)
            out.print(tables.waybills([job]))
            # The object store has it; ten million users are ten files.
            file.unlink()
            if nothing_loaded(job):
                raise typer.Exit(1)
