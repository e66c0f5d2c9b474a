"""The source files that the tests of the tree read."""

import subprocess
from pathlib import Path

from infra.bootstrap import ROOT


def tracked(*suffixes: str) -> list[Path]:
    """The files with one of these suffixes that git tracks or would add."""
    listed = subprocess.run(
        ["/usr/bin/env", "git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if name.endswith(suffixes) and (ROOT / name).exists()]
