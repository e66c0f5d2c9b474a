"""Write the layers' locks from the lists in pyproject.toml: `python -m infra.layers.lock`."""

import subprocess
import tempfile
import tomllib
from pathlib import Path

from infra.bootstrap import ROOT
from infra.layers.packages import PLATFORM, PYTHON, UV, lock_of


def _requirements() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {"core": project["dependencies"], "arrow": project["optional-dependencies"]["arrow"]}


def _compile(layer: str, requirements: list[str], constraints: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        listed = Path(scratch) / "requirements.in"
        listed.write_text("\n".join(requirements))
        command = [str(UV), "pip", "compile", str(listed), "--output-file", str(lock_of(layer))]
        command += ["--generate-hashes", "--python-version", PYTHON, "--quiet", "--upgrade"]
        command += ["--python-platform", PLATFORM, "--no-header", "--no-annotate"]
        command += ["--only-binary", ":all:", "--no-emit-index-url", "--no-emit-find-links"]
        for path in constraints:
            command += ["--constraints", str(path)]
        subprocess.run(command, check=True)  # noqa: S603 - fixed arguments


def main() -> None:
    """Lock core first, so that what both need has one version.

    The development lock is a constraint, so that what is deployed is what was tested.
    """
    requirements = _requirements()
    tested = ROOT / "tests" / "requirements.txt"
    _compile("core", requirements["core"], [tested])
    _compile("arrow", requirements["arrow"], [tested, lock_of("core")])


if __name__ == "__main__":
    main()
