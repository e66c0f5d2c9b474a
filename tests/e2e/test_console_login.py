"""Logging in to the console at an OIDC issuer, as on AWS: authorization code flow with PKCE."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import FilePayload, Page, Request, expect

from infra.local.stack import Stack
from infra.local.status import Status
from tests.e2e.console_page import open_browser
from tests.e2e.console_site import ConsoleSite
from tests.e2e.oidc_issuer import CLIENT_ID, OidcIssuer

pytestmark = pytest.mark.e2e

_MILLISECONDS = 120_000


@pytest.fixture
def issuer(local_stack: Stack) -> Iterator[OidcIssuer]:
    with OidcIssuer(local_stack.issuer()) as issuer:
        yield issuer


@pytest.fixture
def site(stack: Status, issuer: OidcIssuer) -> Iterator[ConsoleSite]:
    storage = str(stack.console).rstrip("/")
    config = {"login": "issuer", "issuer": issuer.url, "client_id": CLIENT_ID, "scope": "openid"}
    with ConsoleSite(str(stack.api), config, (storage, issuer.url)) as site:
        issuer.redirect_uri = f"{site.url}/"
        yield site


@pytest.fixture
def page() -> Iterator[Page]:
    with open_browser() as browser:
        page = browser.new_page()
        page.set_default_timeout(_MILLISECONDS)
        expect.set_options(timeout=_MILLISECONDS)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page
        assert faults == []


def log_in(page: Page, site: ConsoleSite, fragment: str = "") -> None:
    page.goto(f"{site.url}/{fragment}")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Log in as ann").click()
    expect(page.get_by_text("ann", exact=True)).to_be_visible()


def test_a_person_logs_in_at_the_issuer_and_uploads(
    page: Page, site: ConsoleSite, issuer: OidcIssuer
) -> None:
    log_in(page, site)
    # Neither the code nor the state stays in the address.
    assert page.url == f"{site.url}/"
    assert issuer.grants == ["authorization_code"]
    name = "departments.csv"
    page.get_by_label("Files", exact=True).set_input_files(
        FilePayload(name=name, mimeType="text/csv", buffer=b"id,department\n7701,Issuer\n")
    )
    page.get_by_role("button", name=f"Upload {name}").click()
    page.get_by_role("link", name=f"Waybill of {name}").click()
    expect(page.get_by_text(re.compile("Completed$"))).to_be_visible()


def test_the_page_that_was_opened_is_shown_after_the_log_in(page: Page, site: ConsoleSite) -> None:
    log_in(page, site, "#/datasets/departments")
    expect(page.get_by_role("heading", name="departments")).to_be_visible()
    page.reload()
    expect(page.get_by_text("ann", exact=True)).to_be_visible()


def test_a_code_that_the_tab_did_not_request_is_not_used(
    page: Page, site: ConsoleSite, issuer: OidcIssuer
) -> None:
    page.goto(f"{site.url}/?code=stolen&state=forged")
    expect(page.get_by_text("Log in again.")).to_be_visible()
    assert issuer.grants == []


def test_an_expired_token_is_renewed(page: Page, site: ConsoleSite, issuer: OidcIssuer) -> None:
    signer = issuer.signer.token
    # Of 30 seconds: less than what the page wants to be left.
    issuer.signer.token = lambda *args, **options: signer(*args, exp=_soon(), **options)  # type: ignore[method-assign]
    try:
        log_in(page, site)
        with page.expect_response(lambda response: _renews(response.request)):
            page.get_by_role("link", name="Jobs", exact=True).click()
        expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
        assert "refresh_token" in issuer.grants
    finally:
        issuer.signer.token = signer  # type: ignore[method-assign]


def test_logging_out_forgets_the_token(page: Page, site: ConsoleSite) -> None:
    log_in(page, site)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def _renews(request: Request) -> bool:
    return "grant_type=refresh_token" in (request.post_data or "")


def _soon() -> int:
    return int(time.time()) + 30
