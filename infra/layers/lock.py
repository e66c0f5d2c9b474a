"""Write the layers' locks from the lists in pyproject.toml: `python -m infra.layers.lock`."""

import sys
import tempfile
import tomllib
from pathlib import Path

from infra.bootstrap import ROOT
from infra.layers.packages import lock_of
from infra.layers.target import PLATFORM, PYTHON
from infra.uv import run_uv

_OTHERS = ("arrow", "auth", "cache")


def _requirements() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    return {"core": project["dependencies"], **{layer: extras[layer] for layer in _OTHERS}}


def _compile(layer: str, requirements: list[str], constraints: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        listed = Path(scratch) / "requirements.in"
        listed.write_text("\n".join(requirements))
        arguments = ["pip", "compile", str(listed), "--output-file", str(lock_of(layer))]
        arguments += ["--generate-hashes", "--python-version", PYTHON, "--quiet", "--upgrade"]
        arguments += ["--python-platform", PLATFORM, "--no-header", "--no-annotate"]
        arguments += ["--only-binary", ":all:", "--no-emit-index-url", "--no-emit-find-links"]
        for path in constraints:
            arguments += ["--constraints", str(path)]
        ended = run_uv(*arguments)
    if ended.returncode:
        sys.exit(ended.stderr)


def main() -> None:
    """Lock core first, so that what both need has one version.

    The development lock is a constraint, so that what is deployed is what was tested.
    """
    requirements = _requirements()
    tested = ROOT / "tests" / "requirements.txt"
    _compile("core", requirements["core"], [tested])
    for layer in _OTHERS:
        _compile(layer, requirements[layer], [tested, lock_of("core")])


if __name__ == "__main__":
    main()
