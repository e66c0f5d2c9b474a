"""The console's first paint and weight, in headless Chromium on the running local stack.

`python -m tests.benchmarks.console_page [--rounds 5]`

It needs `make up`. Each round begins with an empty cache.
"""

import argparse
import json
import statistics
import subprocess
from typing import NamedTuple

from playwright.sync_api import Browser

from tests.benchmarks.measure import say
from tests.e2e.console_page import open_browser

_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
_BYTES = (
    "performance.getEntries().filter((one) => one.transferSize)"
    ".reduce((sum, one) => sum + one.transferSize, 0)"
)
_REQUESTS = "performance.getEntriesByType('resource').length + 1"


class Visit(NamedTuple):
    """One visit of the first page."""

    paint_ms: float
    usable_ms: float
    """Until files can be chosen: the user is logged in, and the datasets are there."""
    kilobytes: float
    requests: int


def _visit(browser: Browser, console: str) -> Visit:
    context = browser.new_context()
    page = context.new_page()
    page.goto(console)
    page.get_by_role("button", name="Choose files").wait_for()
    usable = float(page.evaluate("performance.now()"))
    page.wait_for_load_state("networkidle")
    visit = Visit(
        float(page.evaluate(_PAINT)),
        usable,
        float(page.evaluate(_BYTES)) / 1000,
        int(page.evaluate(_REQUESTS)),
    )
    context.close()
    return visit


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    command = ["make", "-s", "status"]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    status = json.loads(found.stdout)
    if status["state"] != "up":
        # The benchmarks after this one need no stack.
        say("left out: the local stack does not run; start it with `make up`.")
        return
    with open_browser() as browser:
        visits = [_visit(browser, str(status["console"])) for _ in range(rounds)]
    say(f"first paint     {statistics.median(one.paint_ms for one in visits):.0f} ms")
    say(f"files can be chosen after {statistics.median(one.usable_ms for one in visits):.0f} ms")
    say(f"transferred     {statistics.median(one.kilobytes for one in visits):.1f} kB")
    say(f"requests        {statistics.median(one.requests for one in visits):.0f}")


if __name__ == "__main__":
    main()
