"""Run a step: `python -m infra.delivery sbom`; `cdk …` runs the CDK."""

import os
import subprocess
import sys
from pathlib import Path

from infra.bootstrap import ROOT
from infra.delivery import sbom
from infra.delivery.load_test import load
from infra.delivery.scan import scan
from infra.delivery.sign import sign
from infra.delivery.tools import ToolError, actionlint, cdk, python_tools, run


def workflows() -> str:
    """Check the workflows of .github with actionlint."""
    files = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    run(*actionlint(), *(str(path.relative_to(ROOT)) for path in files))
    return f"{len(files)} workflows, no findings"


def audit() -> str:
    """Ask a database of vulnerabilities for the packages of the layers."""
    program = str(python_tools() / "pip-audit")
    for lock in sorted((ROOT / "layers").glob("*/requirements.txt")):
        run(program, "--require-hashes", "--disable-pip", "--strict", "--requirement", str(lock))
    return "no known vulnerabilities"


def load_test() -> str:
    """Send a short load to the API of WAYBILL_API."""
    token = os.environ.get("WAYBILL_TOKEN", "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return str(load(os.environ["WAYBILL_API"], headers))


def scan_api() -> str:
    """Scan the API of WAYBILL_API and its console."""
    return scan(os.environ["WAYBILL_API"], os.environ.get("WAYBILL_TOKEN"))


STEPS = {
    "workflows": workflows,
    "sbom": lambda: str(sbom.write()),
    "audit": audit,
    "load-test": load_test,
    "scan": scan_api,
}


def main() -> None:
    """Run the step of the first argument."""
    try:
        if sys.argv[1] == "cdk":
            # Its progress is shown as it comes.
            ended = subprocess.run([*cdk(), *sys.argv[2:]], check=False)  # noqa: S603 - no shell
            sys.exit(ended.returncode)
        if sys.argv[1] == "rehearse":
            # It reads the workflows, and YAML is a package of the tests.
            from infra.delivery.rehearse import rehearse, select  # noqa: PLC0415

            chosen, kept = select(os.environ.get("STEPS", "")), os.environ.get("CLONE")
            print(rehearse(chosen, Path(kept) if kept else None))  # noqa: T201 - the result of a command
            return
        if sys.argv[1] == "sign":
            print(sign(sys.argv[2], Path(sys.argv[3])))  # noqa: T201 - the result of a command
            return
        print(STEPS[sys.argv[1]]())  # noqa: T201 - the result of a command
    except ToolError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
