"""`waybill login` and `waybill logout`."""

from collections.abc import Callable
from typing import Annotated

import httpx
import typer

from waybill_client.cognito import CognitoPool
from waybill_client.errors import ClientError
from waybill_client.issuer import Dialog, Issuer
from waybill_client.job_commands import AsJson
from waybill_client.logins import Login, save_login
from waybill_client.output import out, print_json, print_message


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
        as_json: AsJson = False,
    ) -> None:
        """Log in at the issuer of the API's tokens, and keep the login."""
        if not client_id:
            raise ClientError("Set --client-id, or WAYBILL_CLIENT_ID.")
        with httpx.Client(timeout=30) as http:
            if issuer:
                found = _log_in(Issuer(issuer, client_id, http), find_api())
            elif email:
                found = _pool_token(CognitoPool(region, client_id, http), email)
            else:
                raise ClientError("Set --issuer, or WAYBILL_ISSUER.")
        _show(found, as_json=as_json)

    _add_logout(app, find_api)


def _add_logout(app: typer.Typer, find_api: Callable[[], str | None]) -> None:
    @app.command()
    def logout(as_json: AsJson = False) -> None:
        """Forget the login for the API."""
        if api := find_api():
            save_login(api, None)
        if as_json:
            print_json({"api": api})
        else:
            print_message("Logged out.")


def _show(found: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    elif token := found.get("access_token"):
        out.print(token, markup=False, highlight=False, soft_wrap=True)
    else:
        print_message("Logged in.")


def _log_in(issuer: Issuer, api: str | None) -> dict[str, object]:
    """Keep a login for the API; returns until when it is valid without being refreshed."""
    if not api:
        raise ClientError("Set WAYBILL_API to the base URL of the API, with its stage.")
    login = Login.of(issuer, issuer.log_in(Dialog(_prompt, print_message)))
    save_login(api, login)
    return {"api": api, "expires_at": login.expires_at}


def _pool_token(pool: CognitoPool, email: str) -> dict[str, object]:
    return {"access_token": pool.log_in(_prompt, print_message, name=email).access_token}


def _prompt(text: str, *, hide: bool = False) -> str:
    return str(typer.prompt(text, hide_input=hide, err=True))
