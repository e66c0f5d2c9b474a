"""The loader's memory is bounded for any input, however adversarial."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.load.peak_memory import CORPUS, MIB

# Records of only delimiters are blank; a file whose last object never ends is refused.
WITHOUT_RECORDS = {"two columns too short": (0, None), "deep nesting": (None, "broken-json")}


@pytest.mark.parametrize("name", CORPUS)
def test_the_peak_is_below_300_mb(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CORPUS[name][1]())
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "tests.unit.load.peak_memory", name, str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout.splitlines()[-1])
    if name in WITHOUT_RECORDS:
        assert (result.get("read"), result.get("refused")) == WITHOUT_RECORDS[name]
    else:
        assert result["read"] > 0
    assert result["peak"] < 300 * MIB
