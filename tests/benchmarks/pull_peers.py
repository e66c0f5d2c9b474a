"""dlt and sling, which pull a table or an API into PostgreSQL with a key, as Waybill does.

They are run from an environment of their own, `--peers FOLDER`: a venv with
`dlt[postgres,sql_database]`, `pymysql` and `sling` (or `sling-linux-amd64`).
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.measure import seconds

_TABLE = """
import sys, time
import dlt
from dlt.sources.sql_database import sql_table
source, target, table, backend = sys.argv[1:]
began = time.perf_counter()
pipeline = dlt.pipeline(f"pull_{time.time_ns()}", pipelines_dir=f"/tmp/dlt-{time.time_ns()}",
    destination=dlt.destinations.postgres(target), dataset_name="dlt_pulled")
rows = sql_table(source, table=table, backend=backend, chunk_size=50_000)
rows.apply_hints(primary_key="id", write_disposition="merge")
pipeline.run(rows)
print(time.perf_counter() - began)
"""
_API = """
import sys, time
import dlt
from dlt.sources.rest_api import rest_api_source
url, target = sys.argv[1:]
began = time.perf_counter()
pipeline = dlt.pipeline(f"pull_{time.time_ns()}", pipelines_dir=f"/tmp/dlt-{time.time_ns()}",
    destination=dlt.destinations.postgres(target), dataset_name="dlt_pulled")
pipeline.run(rest_api_source({
    "client": {"base_url": url},
    "resources": [{"name": "wards", "primary_key": "id", "write_disposition": "merge",
        "endpoint": {"path": "wards", "data_selector": "data",
            "paginator": {"type": "page_number", "base_page": 1, "total_path": None}}}]}))
print(time.perf_counter() - began)
"""


class Peers:
    """The programs of the folder; each method gives seconds, without the start of Python."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def dlt_table(self, source: str, target: str, table: str, backend: str) -> float:
        """Pull a table with dlt's `sql_database`."""
        return self._dlt(_TABLE, source, target, table, backend)

    def dlt_api(self, url: str, target: str) -> float:
        """Pull an API with dlt's `rest_api`."""
        return self._dlt(_API, url, target)

    def sling(self, source: str, target: str, table: str) -> float:
        """Pull a table with sling, which inserts or updates by the key."""
        (program,) = self._folder.glob("lib/python3*/site-packages/sling_linux_amd64/bin/sling-*")
        place = ["--src-conn", source, "--src-stream", table, "--tgt-conn", target]
        keyed = ["--tgt-object", "public.sling_pulled", "--mode", "incremental"]
        command = [program, "run", *place, *keyed, "--primary-key", "id"]
        return seconds(lambda: _run([str(part) for part in command], {}))

    def _dlt(self, script: str, *arguments: str) -> float:
        quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
        python = str(self._folder / "bin" / "python")
        return float(_run([python, "-c", script, *arguments], quiet).split()[-1])


def _run(command: list[str], variables: Mapping[str, str]) -> str:
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **variables}
    )
    if ended.returncode:
        raise RuntimeError(ended.stdout[-2000:] + ended.stderr[-2000:])
    return ended.stdout
