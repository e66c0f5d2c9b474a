"""Pulling one source into a table with a key, by kind: Waybill beside dlt and sling, as ratios.

`python -m tests.benchmarks.pull_sources --peers FOLDER [--rows 200000] [--rounds 3] [--only rest]`

Each does the whole way: from an empty table to the source's rows in it. Waybill's functions run one
after another in this process, with the S3 and SQS of the local stack's emulator.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from functions.api.sources.deps import deps
from functions.api.sources.handler import handle
from infra.local.bootstrap import ADMIN
from tests.benchmarks.company import migrated_server
from tests.benchmarks.measure import interleaved, say, seconds
from tests.benchmarks.pull_peers import Peers
from tests.benchmarks.ward_api import ward_api
from tests.cloud.fixtures import LANDING, SCHEDULES, STATE, Cloud
from tests.integration.sources.emulated_cloud import emulated_cloud
from tests.integration.sources.mariadb_server import MariaDb, running_mariadb
from tests.integration.sources.runs import EXTRACT_SETTINGS, SECRETS, run_through
from tests.postgres.databases import PASSWORD, Database
from tests.postgres.roles import create_test_roles
from tests.unit.http.api_client import call
from waybill import clients

_COLUMNS = "(id bigint PRIMARY KEY, ward text, changed timestamp, price numeric(12,2))"
_KIND = {"rest": "rest", "postgresql": "database", "mariadb": "database", "objects": "s3"}
_BUCKET, _FILES = "pulled-from", 20


def pull(folder: Path, database: Database, place: dict[str, Any], login: Any, files: Any) -> float:
    """Seconds of a run of a new source, from its request to its rows."""
    with emulated_cloud(folder) as cloud, pytest.MonkeyPatch.context() as patch:
        _configure(cloud, database, patch)
        if login:
            username, password = login
            made = boto3.client("secretsmanager").create_secret(
                Name=f"{SECRETS}legacy",
                SecretString=json.dumps({"username": username, "password": password}),
            )
            place = {**place, "secret_arn": made["ARN"]}
        for name, body in (files or {}).items():
            cloud.s3.put_object(Bucket=_BUCKET, Key=name, Body=body)
        kind = "rest" if "url" in place else "s3" if "bucket" in place else "database"
        source = {"name": "pulled", "kind": kind, "connection": place, "dataset": "pulled"}
        response = call(handle, "POST", "/data-sources", source)
        if response.status != 201:
            raise RuntimeError(response.text)
        created = response.json()
        took = seconds(lambda: _run(cloud, str(created["id"])))
        deps().database.close()
        deps.cache_clear()
    return took


def _configure(cloud: Cloud, database: Database, patch: pytest.MonkeyPatch) -> None:
    """The environment of every function at once: each connects as the administrator."""
    secret = boto3.client("secretsmanager").create_secret(
        Name="admin", SecretString=json.dumps({"password": PASSWORD})
    )
    region: Any = {"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}
    cloud.s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration=region)
    values = {
        **database.environment("pipeline"), **SCHEDULES, **EXTRACT_SETTINGS,
        "DATABASE_SECRET_ARN": secret["ARN"], "LANDING_BUCKET": LANDING, "STATE_BUCKET": STATE,
        "PERSONAL_KEY": cloud.personal_key, "EXTRACT_FUNCTION": "extract",
        **{f"{name.upper()}_QUEUE_URL": url for name, url in cloud.queues.items()},
    }  # fmt: skip
    # As it is deployed, and not after every page.
    del values["CHECKPOINT_BYTES"]
    for name, value in values.items():
        patch.setenv(name, value)
    for cached in (deps, clients.scheduler_client, clients.lambda_client):
        cached.cache_clear()
    patch.setenv("DATABASE_USER", "waybill_sources")
    deps()
    patch.setenv("DATABASE_USER", "pipeline")


def _run(cloud: Cloud, source_id: str) -> None:
    call(handle, "POST", "/jobs", {"source_id": source_id})
    run_through(cloud)


class Bench:
    """Where is pulled from and to, and how many rows there are."""

    def __init__(self, folder: Path, template: Database, rows: int, peers: Peers) -> None:
        self.folder, self.template, self.rows, self.peers = folder, template, rows, peers
        self._numbers = count(1)

    @contextmanager
    def target(self) -> Iterator[Database]:
        """A database with the dataset, empty."""
        database = self.template.clone(f"target_{next(self._numbers)}")
        with database.connect() as admin:
            admin.execute("SET ROLE waybill_owner")
            admin.execute(f"CREATE TABLE pulled {_COLUMNS}")
            admin.execute("SELECT waybill.register_dataset('pulled')")
        try:
            yield database
        finally:
            database.drop()

    def waybill(self, place: dict[str, Any], login: Any = None, files: Any = None) -> float:
        """Seconds of Waybill, whose table must have every row."""
        with self.target() as database:
            took = pull(self.folder / f"aws{next(self._numbers)}", database, place, login, files)
            self.check(database, "pulled")
        return took

    def peer(self, run: Callable[[str], float], table: str) -> float:
        """Seconds of another program, given the URL of its target; its table is checked too."""
        with self.target() as database:
            took = run(database.dsn_for())
            self.check(database, table)
        return took

    def check(self, database: Database, table: str) -> None:
        """Raise RuntimeError unless the table has every row."""
        with database.connect() as admin:
            found = admin.execute(f"SELECT count(*), count(DISTINCT id) FROM {table}").fetchone()
        if found != (self.rows, self.rows):
            raise RuntimeError(f"{table} has {found} rows.")


Contenders = Mapping[str, Callable[[], float]]


def _table(port: int, database: str, engine: str) -> dict[str, Any]:
    return {"engine": engine, "host": "127.0.0.1", "port": port, "database": database,
            "table": "wards", "key": ["id"], "tls": "disable"}  # fmt: skip


def _databases(bench: Bench, url: str, place: dict[str, Any], login: tuple[str, str]) -> Contenders:
    peers, drivers = bench.peers, {"postgresql": "postgresql+psycopg2", "mysql": "mysql+pymysql"}
    by_python = url.replace(place["engine"], drivers[place["engine"]], 1)
    plain_url = f"{url}?sslmode=disable" if place["engine"] == "postgresql" else url
    return {
        "Waybill": lambda: bench.waybill(place, login),
        "dlt (pyarrow)": lambda: bench.peer(
            lambda to: peers.dlt_table(by_python, to, "wards", "pyarrow"), "dlt_pulled.wards"
        ),
        "dlt (sqlalchemy)": lambda: bench.peer(
            lambda to: peers.dlt_table(by_python, to, "wards", "sqlalchemy"), "dlt_pulled.wards"
        ),
        "sling": lambda: bench.peer(
            lambda to: peers.sling(plain_url, f"{to}?sslmode=disable", _qualified(place)),
            "public.sling_pulled",
        ),
    }


def _qualified(place: dict[str, Any]) -> str:
    return "public.wards" if place["engine"] == "postgresql" else "legacy.wards"


def postgresql(bench: Bench) -> Contenders:
    """A table of another database of the same server."""
    legacy = bench.template.clone("legacy")
    with legacy.connect() as admin:
        admin.execute(f"CREATE TABLE wards {_COLUMNS}")
        admin.execute(
            "INSERT INTO wards SELECT n, 'Ward ' || n, '2026-01-01', n / 4.0"
            " FROM generate_series(0, %s - 1) AS n",
            (bench.rows,),
        )
    place = _table(legacy.port, legacy.name, "postgresql")
    return _databases(bench, legacy.dsn_for(), place, (ADMIN, PASSWORD))


def mariadb(bench: Bench, server: MariaDb) -> Contenders:
    """A table of MariaDB."""
    server.execute(
        "CREATE USER bench@'%' IDENTIFIED BY 'bench'",
        "GRANT SELECT ON legacy.* TO bench@'%'",
        "CREATE TABLE legacy.wards (id bigint PRIMARY KEY, ward text, changed datetime,"
        " price decimal(12,2))",
        "INSERT INTO legacy.wards SELECT seq, concat('Ward ', seq), '2026-01-01', seq / 4"
        f" FROM legacy.seq_0_to_{bench.rows - 1}",
    )
    url = f"mysql://bench:bench@127.0.0.1:{server.port}/legacy"
    return _databases(bench, url, _table(server.port, "legacy", "mysql"), ("bench", "bench"))


def rest(bench: Bench, url: str) -> Contenders:
    """An API of pages by number."""
    place = {"url": f"{url}/wards", "records": "data", "pages": {"kind": "page"}}
    return {
        "Waybill": lambda: bench.waybill(place),
        "dlt": lambda: bench.peer(
            lambda to: bench.peers.dlt_api(url, to), "dlt_pulled.wards"
        ),
    }  # fmt: skip


def objects(bench: Bench) -> Contenders:
    """A prefix of CSV files."""
    size = -(-bench.rows // _FILES)
    files = {
        f"out/{first:09}.csv": "".join(
            f"{n},Ward {n},2026-01-01T00:00:00,{n / 4}\n"
            for n in range(first, min(first + size, bench.rows))
        ).encode()
        for first in range(0, bench.rows, size)
    }
    place = {"bucket": _BUCKET, "prefix": "out/"}
    return {"Waybill": lambda: bench.waybill(place, files=files)}


def _report(kind: str, bench: Bench, contenders: Contenders, rounds: int) -> None:
    found = interleaved(contenders, rounds)
    say(f"{kind}: {bench.rows} rows")
    for name, took in found.items():
        speed = bench.rows / took
        say(f"  {name:18} {took:7.2f} s  {speed:9,.0f} rows/s  {took / found['Waybill']:5.2f} x")


def main() -> None:
    """Print seconds, rows a second, and the time as a multiple of Waybill's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=sorted(_KIND))
    given = parser.parse_args()
    kinds = [given.only] if given.only else list(_KIND)
    with tempfile.TemporaryDirectory() as text, migrated_server() as template:
        folder = Path(text)
        with template.connect() as admin:
            create_test_roles(admin)
        bench = Bench(folder, template, given.rows, Peers(given.peers))
        if "postgresql" in kinds:
            _report("postgresql", bench, postgresql(bench), given.rounds)
        if "mariadb" in kinds:
            (folder / "m").mkdir()
            with running_mariadb(folder / "m") as server:
                _report("mariadb", bench, mariadb(bench, server), given.rounds)
        if "rest" in kinds:
            with ward_api(given.rows) as url:
                _report("rest", bench, rest(bench, url), given.rounds)
        if "objects" in kinds:
            _report("objects", bench, objects(bench), given.rounds)


if __name__ == "__main__":
    main()
