"""`waybill login` and `waybill logout`."""

from collections.abc import Callable
from typing import Annotated

import httpx
import typer
from rich.console import Console

from waybill_client.errors import ClientError
from waybill_client.issuer import Dialog, Issuer
from waybill_client.logins import Login, save_login
from waybill_client.terminal import printable


def add_logins(app: typer.Typer, find_api: Callable[[], str | None], err: Console) -> None:
    """Add the commands; a login is for the API that `find_api` returns."""

    def show(text: str) -> None:
        err.print(printable(text), markup=False, soft_wrap=True)

    @app.command()
    def login(
        issuer: Annotated[str, typer.Option(envvar="WAYBILL_ISSUER", help="URL of the issuer.")],
        client_id: Annotated[
            str, typer.Option(envvar="WAYBILL_CLIENT_ID", help="This client's id there.")
        ],
    ) -> None:
        """Log in at the issuer of the API's tokens."""
        api = find_api()
        if not api:
            raise ClientError("Set WAYBILL_API to the base URL of the API, with its stage.")
        with httpx.Client(timeout=30) as http:
            at = Issuer(issuer, client_id, http)
            save_login(api, Login.of(at, at.log_in(Dialog(_prompt, show))))
        show("Logged in.")

    @app.command()
    def logout() -> None:
        """Forget the login for the API."""
        if api := find_api():
            save_login(api, None)


def _prompt(text: str, *, hide: bool = False) -> str:
    return str(typer.prompt(text, hide_input=hide, err=True))
