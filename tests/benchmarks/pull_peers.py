"""dlt and sling, which pull a table or an API into PostgreSQL with a key, as Waybill does.

They are run from an environment of their own, `--peers FOLDER`: a venv with
`dlt[postgres,sql_database,filesystem,s3]`, `duckdb`, `numpy`, `pymysql` and `sling` (or
`sling-linux-amd64`).
"""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.pull_run import Run, client_cpu

_TABLE = """
import os, sys, time
import dlt
from dlt.sources.sql_database import sql_table
source, target, table, backend = sys.argv[1:]
began, cpu = time.perf_counter(), sum(os.times()[:4])
pipeline = dlt.pipeline(f"pull_{time.time_ns()}", pipelines_dir=f"/tmp/dlt-{time.time_ns()}",
    destination=dlt.destinations.postgres(target), dataset_name="dlt_pulled")
rows = sql_table(source, table=table, backend=backend, chunk_size=50_000)
rows.apply_hints(primary_key="id", write_disposition="merge")
pipeline.run(rows)
print(time.perf_counter() - began, sum(os.times()[:4]) - cpu)
"""
_API = """
import os, sys, time
import dlt
from dlt.sources.rest_api import rest_api_source
url, target = sys.argv[1:]
began, cpu = time.perf_counter(), sum(os.times()[:4])
pipeline = dlt.pipeline(f"pull_{time.time_ns()}", pipelines_dir=f"/tmp/dlt-{time.time_ns()}",
    destination=dlt.destinations.postgres(target), dataset_name="dlt_pulled")
pipeline.run(rest_api_source({
    "client": {"base_url": url},
    "resources": [{"name": "wards", "primary_key": "id", "write_disposition": "merge",
        "endpoint": {"path": "wards", "data_selector": "data",
            "paginator": {"type": "page_number", "base_page": 1, "total_path": None}}}]}))
print(time.perf_counter() - began, sum(os.times()[:4]) - cpu)
"""
_FILES = """
import os, sys, time
import dlt
from dlt.sources.filesystem import filesystem, read_csv_duckdb
url, target = sys.argv[1:]
began, cpu = time.perf_counter(), sum(os.times()[:4])
pipeline = dlt.pipeline(f"pull_{time.time_ns()}", pipelines_dir=f"/tmp/dlt-{time.time_ns()}",
    destination=dlt.destinations.postgres(target), dataset_name="dlt_pulled")
rows = filesystem(url, file_glob="*.csv") | read_csv_duckdb(use_pyarrow=True)
rows = rows.with_name("wards")
rows.apply_hints(primary_key="id", write_disposition="merge")
pipeline.run(rows)
print(time.perf_counter() - began, sum(os.times()[:4]) - cpu)
"""
_VERSIONS = """
from importlib.metadata import distributions
names = ("dlt", "sling-linux-amd64", "pyarrow", "SQLAlchemy", "PyMySQL", "duckdb")
found = {one.metadata["Name"]: one.version for one in distributions()}
print(", ".join(f"{name} {found[name]}" for name in names if name in found))
"""


class Peers:
    """The programs of the folder; each pull is measured without the start of Python."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def dlt_table(self, source: str, target: str, table: str, backend: str) -> Run:
        """Pull a table with dlt's `sql_database`."""
        return self._dlt(_TABLE, source, target, table, backend)

    def dlt_api(self, url: str, target: str) -> Run:
        """Pull an API with dlt's `rest_api`."""
        return self._dlt(_API, url, target)

    def dlt_files(self, url: str, target: str) -> Run:
        """Pull CSV files with dlt's `filesystem`, from the bucket that the environment reaches."""
        place = {
            "SOURCES__FILESYSTEM__CREDENTIALS__AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
            "SOURCES__FILESYSTEM__CREDENTIALS__AWS_SECRET_ACCESS_KEY": os.environ[
                "AWS_SECRET_ACCESS_KEY"
            ],
            "SOURCES__FILESYSTEM__CREDENTIALS__ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
        }
        return self._dlt(_FILES, url, target, **place)

    def sling(self, source: str, target: str, table: str) -> Run:
        """Pull a table with sling, which inserts or updates by the key."""
        return self._sling(source, table, target, {})

    def sling_files(self, bucket: str, prefix: str, target: str) -> Run:
        """Pull CSV files with sling, from the bucket that the environment reaches."""
        place = {
            "type": "s3",
            "bucket": bucket,
            "access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
            "secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
            "region": os.environ["AWS_DEFAULT_REGION"],
            "endpoint": os.environ["AWS_ENDPOINT_URL"],
        }
        stream = f"s3://{bucket}/{prefix}*.csv"
        return self._sling("PULLED_FROM", stream, target, {"PULLED_FROM": json.dumps(place)})

    def versions(self) -> str:
        """Of what was installed in the folder."""
        return _run([self._python, "-c", _VERSIONS], {}).strip()

    def _sling(self, source: str, stream: str, target: str, variables: Mapping[str, str]) -> Run:
        (program,) = self._folder.glob("lib/python3*/site-packages/sling_linux_amd64/bin/sling-*")
        place = ["--src-conn", source, "--src-stream", stream, "--tgt-conn", target]
        keyed = ["--tgt-object", "public.sling_pulled", "--mode", "incremental"]
        command = [str(program), "run", *place, *keyed, "--primary-key", "id"]
        began, cpu = time.perf_counter(), client_cpu()
        _run(command, variables)
        return Run(time.perf_counter() - began, client_cpu() - cpu)

    def _dlt(self, script: str, *arguments: str, **variables: str) -> Run:
        quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
        said = _run([self._python, "-c", script, *arguments], {**quiet, **variables})
        seconds, cpu = said.split()[-2:]
        return Run(float(seconds), float(cpu))

    @property
    def _python(self) -> str:
        return str(self._folder / "bin" / "python")


def _run(command: list[str], variables: Mapping[str, str]) -> str:
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **variables}
    )
    if ended.returncode:
        raise RuntimeError(ended.stdout[-2000:] + ended.stderr[-2000:])
    return ended.stdout
