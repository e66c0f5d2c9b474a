"""What stays of a benchmark: data beside it, with machine and versions, and its part of a page."""

import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
README = FOLDER.parent / "README.md"


def machine() -> dict[str, Any]:
    """The date, and what the benchmark runs on; the load average says what else runs there."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "cpu": cpu[1] if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "gigabytes": round(memory / 1024**3),
        "load_average": round(os.getloadavg()[0], 1),
    }


def machine_line(found: Mapping[str, Any]) -> str:
    """As a sentence of a page."""
    return (
        f"{found['date']}, {found['cores']} cores of {found['cpu']}, {found['gigabytes']} GB,"
        f" load average {found['load_average']}."
    )


def write_data(name: str, data: Mapping[str, Any]) -> None:
    """Into `<name>.json` beside the benchmarks."""
    (FOLDER / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n")


def read_data(name: str) -> Any:
    """What was kept last."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def write_part(name: str, text: str) -> None:
    """Between the comments `<!-- name -->` and `<!-- /name -->` of the page."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, found, rest = README.read_text(encoding="utf-8").partition(begin)
    if not found:
        raise ValueError(f"The page has no part {name}.")
    _, _, after = rest.partition(end)
    README.write_text(f"{before}{begin}{text}{end}{after}", encoding="utf-8")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of a page."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
