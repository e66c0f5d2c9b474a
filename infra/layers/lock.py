"""Write the layers' locks from the lists in pyproject.toml: `python -m infra.layers.lock`.

Needs `uv` on PATH, which resolves for Lambda's platform wherever it runs.
"""

import subprocess
import tempfile
import tomllib
from pathlib import Path

from infra.bootstrap import ROOT
from infra.layers.packages import PYTHON, lock_of

_PLATFORM = "x86_64-manylinux_2_28"


def _wanted() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {"core": project["dependencies"], "arrow": project["optional-dependencies"]["arrow"]}


def _compile(layer: str, wanted: list[str], constraints: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        given = Path(scratch) / "requirements.in"
        given.write_text("\n".join(wanted))
        command = ["uv", "pip", "compile", str(given), "--output-file", str(lock_of(layer))]
        command += ["--generate-hashes", "--python-version", PYTHON, "--quiet", "--upgrade"]
        command += ["--python-platform", _PLATFORM, "--no-header", "--no-annotate"]
        command += ["--only-binary", ":all:", "--no-emit-index-url", "--no-emit-find-links"]
        for path in constraints:
            command += ["--constraints", str(path)]
        subprocess.run(command, check=True)  # noqa: S603 - fixed arguments


def main() -> None:
    """Lock core first, so that what both need has one version.

    The development lock is a constraint, so that what is deployed is what was tested.
    """
    wanted = _wanted()
    tested = ROOT / "tests" / "requirements.txt"
    _compile("core", wanted["core"], [tested])
    _compile("arrow", wanted["arrow"], [tested, lock_of("core")])


if __name__ == "__main__":
    main()
