"""Every page of the console, light, dark and as wide as a phone, held against axe-core's rules.

Screenshots of all of them are left in `.build/screenshots`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from infra.bootstrap import ROOT
from infra.local.status import Status
from tests.e2e.console_page import DESKTOP, PHONE, open_browser, open_page
from waybill_client import Waybill
from waybill_client.bearer_auth import BearerAuth

pytestmark = pytest.mark.e2e

SCREENSHOTS = ROOT / ".build" / "screenshots"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": DESKTOP, "color_scheme": "light"},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light", "is_mobile": True},
}
PAGES = {
    "upload": "#/",
    "jobs": "#/jobs",
    "job": "#/jobs/{job}",
    "rejects": "#/jobs/{job}/rejects",
    "datasets": "#/datasets",
    "dataset": "#/datasets/departments",
    "export": "#/datasets/departments/exports/{export}",
    "define": "#/define",
    "analytics": "#/analytics",
    "lookups": "#/lookups",
    "sources": "#/sources",
    "source": "#/sources/{source}",
    "audit": "#/audit",
    "operations": "#/operations",
}
_SOURCE = {
    "name": "looks",
    "kind": "s3",
    "connection": {"bucket": "waybill-local-source", "prefix": "looks/"},
    "dataset": "departments",
}
_MILLISECONDS = 120_000
_WORST = {"serious", "critical"}


@pytest.fixture(scope="module")
def shown(
    api: str, token: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Ids of what the pages show: a job with rejects, an export and a source."""
    path = tmp_path_factory.mktemp("looks") / "departments.csv"
    path.write_text("id,department\n7901,Looks\n7902,\nx,Wrong\n")
    with Waybill(api, token=token) as waybill:
        job_id = waybill.upload("departments", path)
        waybill.wait(job_id)
        export = waybill.export("departments")
    source = httpx.post(f"{api}/data-sources", json=_SOURCE, auth=BearerAuth(token))
    return {"job": job_id, "export": export["export_id"], "source": source.json()["id"]}


@pytest.fixture(scope="module", params=LOOKS)
def look(request: pytest.FixtureRequest, stack: Status) -> Iterator[tuple[str, Page]]:
    """A browser's page with this look, logged in."""
    name = str(request.param)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with open_browser() as browser, open_page(browser, str(stack.console), **LOOKS[name]) as page:
        page.set_default_timeout(_MILLISECONDS)
        yield name, page


def _faults(page: Page) -> list[str]:
    """What axe-core finds serious, with the elements concerned."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['html'][:120]}"
        for rule in found
        if rule["impact"] in _WORST
        for node in rule["nodes"]
    ]


def _keep(page: Page, name: str) -> None:
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_and_used_by_everybody(
    look: tuple[str, Page], stack: Status, shown: dict[str, str], name: str
) -> None:
    kind, page = look
    # Only the fragment differs, and the former page would be there for a moment.
    page.goto("about:blank")
    page.goto(f"{stack.console}{PAGES[name].format(**shown)}")
    expect(page.locator("main h1").first).to_be_visible(timeout=_MILLISECONDS)
    expect(page.locator("main [aria-busy=true]")).to_have_count(0, timeout=_MILLISECONDS)
    _keep(page, f"{name}-{kind}")
    assert _faults(page) == []
    # Nothing is cut off: tables scroll by themselves, the page never does sideways.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_log_in_can_be_read_and_used_by_everybody(
    look: tuple[str, Page], stack: Status
) -> None:
    kind, page = look
    page.goto(str(stack.console))
    page.evaluate("sessionStorage.clear()")
    if kind == "phone":
        page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible(timeout=_MILLISECONDS)
    _keep(page, f"log-in-{kind}")
    assert _faults(page) == []


def test_a_fault_would_be_found(look: tuple[str, Page], stack: Status) -> None:
    _, page = look
    page.goto(str(stack.console))
    page.evaluate("document.body.append(document.createElement('img'))")
    assert [fault.split(":")[0] for fault in _faults(page)] == ["image-alt"]
