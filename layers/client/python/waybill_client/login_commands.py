"""`waybill login` and `waybill logout`."""

from collections.abc import Callable
from typing import Annotated

import httpx
import typer

from waybill_client.cognito import CognitoPool
from waybill_client.errors import ClientError
from waybill_client.issuer import Dialog, Issuer
from waybill_client.logins import Login, save_login
from waybill_client.output import out, print_message


def add_logins(app: typer.Typer, find_api: Callable[[], str | None]) -> None:
    """Add the commands; a login is for the API that `find_api` returns."""

    @app.command()
    def login(
        email: Annotated[
            str | None,
            typer.Argument(help="Of a user of the stack's own pool: prints a token only."),
        ] = None,
        client_id: Annotated[
            str, typer.Option(envvar="WAYBILL_CLIENT_ID", help="This client's id at the issuer.")
        ] = "",
        issuer: Annotated[
            str | None, typer.Option(envvar="WAYBILL_ISSUER", help="URL of the issuer.")
        ] = None,
        region: Annotated[
            str, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="Of the pool.")
        ] = "us-east-1",
    ) -> None:
        """Log in at the issuer of the API's tokens, and keep the login."""
        if not client_id:
            raise ClientError("Set --client-id, or WAYBILL_CLIENT_ID.")
        with httpx.Client(timeout=30) as http:
            if issuer:
                _keep(Issuer(issuer, client_id, http), find_api())
            elif email:
                _print_token(CognitoPool(region, client_id, http), email)
            else:
                raise ClientError("Set --issuer, or WAYBILL_ISSUER.")

    @app.command()
    def logout() -> None:
        """Forget the login for the API."""
        if api := find_api():
            save_login(api, None)
        print_message("Logged out.")


def _keep(issuer: Issuer, api: str | None) -> None:
    if not api:
        raise ClientError("Set WAYBILL_API to the base URL of the API, with its stage.")
    save_login(api, Login.of(issuer, issuer.log_in(Dialog(_prompt, print_message))))
    print_message("Logged in.")


def _print_token(pool: CognitoPool, email: str) -> None:
    tokens = pool.log_in(_prompt, print_message, name=email)
    out.print(tokens.access_token, markup=False, highlight=False, soft_wrap=True)


def _prompt(text: str, *, hide: bool = False) -> str:
    return str(typer.prompt(text, hide_input=hide, err=True))
