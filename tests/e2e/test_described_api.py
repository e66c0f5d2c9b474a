"""The deployed API against its own description, with generated requests."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.e2e.client_calls import load
from waybill_client import Waybill

pytestmark = pytest.mark.e2e

_CONFIG = Path(__file__).with_name("schemathesis.toml")
_HOOKS = "tests.e2e.schemathesis_hooks"
_EXAMPLES = os.environ.get("WAYBILL_API_EXAMPLES", "12")
_SEED = os.environ.get("WAYBILL_API_SEED", "20261128")


def test_every_response_is_as_described(
    api: str,
    token: Callable[[], str],
    waybill: Waybill,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = load(waybill, tmp_path, "departments", "id,department\n910001,Described\nx,y\n")
    config = tmp_path / "schemathesis.toml"
    config.write_text(_CONFIG.read_text().replace("JOBS", json.dumps(job["job_id"])))
    report = tmp_path / "report.json"
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--no-color", f"--config-file={config}"),
            *("run", f"{api}/openapi.json", f"--url={api}", "--workers=1"),
            *(f"--max-examples={_EXAMPLES}", f"--seed={_SEED}", "--no-shrink"),
            *("--continue-on-failure", f"--report-json-path={report}", "--request-timeout=90"),
            f"--header=Authorization: Bearer {token()}",
        ],
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": _HOOKS, "PYTHONPATH": str(_CONFIG.parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-20_000:] + ended.stderr
    with capsys.disabled():
        # How many requests, and the seed that repeats them.
        sys.stdout.write("\n".join(["", *ended.stdout.splitlines()[-8:], ""]))
    headers = {"Authorization": f"Bearer {token()}"}
    assert httpx.get(f"{api}/health/deep", headers=headers).json()["status"] == "ok"
