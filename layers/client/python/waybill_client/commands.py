"""The `waybill` command for any Waybill API."""

import os
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

import httpx
import typer

from waybill_client.bearer_auth import Token
from waybill_client.client import Waybill
from waybill_client.errors import ClientError, ProblemError, UnreachableError
from waybill_client.export_command import add_exports
from waybill_client.infer_command import InferWhole, add_infer
from waybill_client.job_commands import add_jobs
from waybill_client.login_commands import add_logins
from waybill_client.logins import token_of
from waybill_client.output import FAILED, UNREACHABLE, err, out, print_error
from waybill_client.partition_commands import add_partitions
from waybill_client.preview_command import add_preview
from waybill_client.reject_commands import add_rejects
from waybill_client.rows_command import add_rows
from waybill_client.service_commands import add_doctor, add_services
from waybill_client.sigv4 import SigV4Token
from waybill_client.upload_command import add_uploads

__all__ = [
    "api_from_environment",
    "err",
    "main",
    "make_app",
    "out",
    "run",
    "token_from_environment",
]
FindApi = Callable[[], str | None]
FindToken = Callable[[], Token | None]


def api_from_environment() -> str | None:
    """The API's base URL from `WAYBILL_API`."""
    return os.environ.get("WAYBILL_API")


def token_from_environment() -> Token | None:
    """The token from `WAYBILL_TOKEN`."""
    return os.environ.get("WAYBILL_TOKEN") or None


def make_app(
    find_api: FindApi = api_from_environment,
    find_token: FindToken = token_from_environment,
    *,
    doctor: bool = True,
    infer_whole: InferWhole | None = None,
) -> typer.Typer:
    """The commands, for the API and with the token that the functions return.

    `doctor` is for the installed client; the source tree has one that checks more, and can infer
    a dataset from a whole file.
    """
    app = typer.Typer(no_args_is_help=True, help=__doc__)
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

    add_uploads(app, connect)
    add_rejects(app, add_jobs(app, connect), connect)
    for add in (add_services, add_preview, add_exports, add_rows, add_partitions):
        add(app, connect)
    add_infer(app, connect, infer_whole)
    add_logins(app, find_api)
    if doctor:
        add_doctor(app, connect)
    return app


def run(app: typer.Typer, expected: tuple[type[Exception], ...] = ()) -> None:
    """Run `app`; `expected` errors are printed without a traceback and exit with 1."""
    caught: tuple[type[Exception], ...] = (ClientError, *expected)
    try:
        app(prog_name="waybill")
    except (UnreachableError, TimeoutError) as error:
        print_error(str(error))
        sys.exit(UNREACHABLE)
    except caught as error:
        print_error(str(error))
        if isinstance(error, ProblemError) and error.status == HTTPStatus.UNAUTHORIZED:
            print_error("Log in with `waybill login`, or set WAYBILL_TOKEN.")
        sys.exit(FAILED)


def main() -> None:
    """Run the installed `waybill` command."""
    run(make_app())
