"""Pages of the console in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    FilePayload,
    Page,
    Response,
    sync_playwright,
)

from tests.e2e.browser import find_browser

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Headless Chromium."""
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=find_browser(), args=options)
        yield browser
        browser.close()


class Faults:
    """What a page must not have: errors, blocked content, and requests to other hosts."""

    def __init__(self, page: Page, origin: str) -> None:
        self.found: list[str] = []
        self._origin = origin
        page.on("pageerror", lambda error: self.found.append(str(error)))
        page.on("console", self._on_message)
        page.on("response", self._on_response)

    def _on_message(self, message: ConsoleMessage) -> None:
        # A refused request is shown by the page itself.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.found.append(message.text)

    def _on_response(self, response: Response) -> None:
        if not response.url.startswith((self._origin, "blob:")):
            self.found.append(f"a request to {response.url}")


@contextmanager
def open_page(browser: Browser, console: str, **options: Any) -> Iterator[Page]:
    """A page of the console in a profile of its own; fails if the page had a fault."""
    context = browser.new_context(**{"viewport": DESKTOP, "accept_downloads": True, **options})
    page = context.new_page()
    faults = Faults(page, console)
    yield page
    context.close()
    assert faults.found == [], faults.found


def choose(page: Page, **files: str | bytes) -> None:
    """Choose files of CSV by name and content."""
    choose_files(page, **{f"{name}.csv": content for name, content in files.items()})


def choose_files(page: Page, **files: str | bytes) -> None:
    """Choose files by full name and content."""
    payloads = [
        FilePayload(
            name=name,
            mimeType="",
            buffer=content.encode() if isinstance(content, str) else content,
        )
        for name, content in files.items()
    ]
    page.get_by_label("Files", exact=True).set_input_files(payloads)
