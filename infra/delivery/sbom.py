"""The software bill of materials of what is deployed, in CycloneDX's JSON, and its licences."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.bootstrap import ROOT
from infra.delivery.tools import ToolError, python_tools, run

TARGET = ROOT / ".build" / "sbom" / "waybill.cdx.json"
_LOCKS = sorted((ROOT / "layers").glob("*/requirements.txt"))
# Of a library they would extend to our code; the LGPL does not.
_REFUSED = re.compile(r"(?<!L)GPL|Affero|(?<!Lesser )General Public License", re.IGNORECASE)
Document = dict[str, Any]


def packages() -> set[str]:
    """The names of the packages in the layers."""
    lines = (line for lock in _LOCKS for line in lock.read_text("utf-8").splitlines())
    return {_name(found[1]) for line in lines if (found := re.match(r"([\w.-]+)==", line))}


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def document() -> Document:
    """The bill: the packages of the layers with versions, licences and dependencies.

    Raises:
        ToolError: it could not be made.
    """
    program = str(python_tools() / "cyclonedx-py")
    options = (
        "--output-format",
        "JSON",
        "--spec-version",
        "1.6",
        "--output-reproducible",
        "--no-validate",
    )
    made: Document = json.loads(run(program, "environment", *options, sys.executable))
    deployed = packages()
    made["components"] = [one for one in made["components"] if _name(one["name"]) in deployed]
    references = {one["bom-ref"] for one in made["components"]}
    made["dependencies"] = [
        {**one, "dependsOn": [each for each in one.get("dependsOn", []) if each in references]}
        for one in made["dependencies"]
        if one["ref"] in references
    ]
    missing = deployed - {_name(one["name"]) for one in made["components"]}
    if missing:
        raise ToolError(f"not installed, so not in the bill: {', '.join(sorted(missing))}")
    return made


def refused(bill: Document) -> Iterator[str]:
    """The packages whose licence is unknown or not permitted."""
    for component in bill["components"]:
        names = [
            str(one.get("expression") or one["license"].get("id") or one["license"].get("name"))
            for one in component.get("licenses", [])
        ]
        if not names or all(_REFUSED.search(name) for name in names):
            yield f"{component['name']}: {', '.join(names) or 'no licence'}"


def write(target: Path = TARGET) -> Path:
    """Write the bill.

    Raises:
        ToolError: it could not be made, or a licence is not permitted.
    """
    bill = document()
    found = list(refused(bill))
    if found:
        raise ToolError("licences that are not permitted:\n" + "\n".join(found))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(bill, indent=2) + "\n", "utf-8")
    return target
