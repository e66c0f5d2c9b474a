"""Pulling one source into a table with a key, by kind: Waybill beside dlt and sling, as ratios.

`python -m tests.benchmarks.pull_sources --peers FOLDER [--rows 200000] [--rounds 3] [--only rest]
[--keep]`

Each does the whole way: from an empty table to the source's rows in it. Waybill's functions run one
after another in this process, with the S3 and SQS of the local stack's emulator.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from infra.local.bootstrap import ADMIN
from tests.benchmarks.company import migrated_cluster
from tests.benchmarks.pull_peers import Peers
from tests.benchmarks.pull_report import Contenders, keep, measured, say_kind
from tests.benchmarks.pull_run import BUCKET, Run, bucket, pull
from tests.benchmarks.server_processes import ServerCpu
from tests.benchmarks.ward_api import ward_api
from tests.integration.sources.mariadb_server import MariaDb, running_mariadb
from tests.postgres.databases import PASSWORD, Database
from tests.postgres.roles import create_test_roles

_COLUMNS = "(id bigint PRIMARY KEY, ward text, changed timestamp, price numeric(12,2))"
_KINDS = ("postgresql", "mariadb", "rest", "objects")
_FILES = 20


class Bench:
    """Where is pulled from and to, and how many rows there are."""

    def __init__(self, folder: Path, template: Database, rows: int, peers: Peers) -> None:
        self.folder, self.template, self.rows, self.peers = folder, template, rows, peers
        self._server = ServerCpu(template)
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

    def waybill(self, place: dict[str, Any], login: Any = None, files: Any = None) -> Run:
        """Waybill, whose table must have every row."""
        with self.target() as database:
            folder, before = self.folder / f"aws{next(self._numbers)}", self._server.seconds()
            done = pull(folder, database, place, login, files)
            done = done._replace(server_cpu=self._server.seconds() - before)
            self.check(database, "pulled")
        return done

    def peer(self, run: Callable[[str], Run], table: str, *, is_made: bool = True) -> Run:
        """Another program, given the URL of its target; its table is checked too.

        The table is made before, with Waybill's columns and key: these programs make none with a
        key, so that it would not be the same table.
        """
        with self.target() as database:
            if is_made:
                with database.connect() as admin:
                    admin.execute("CREATE SCHEMA dlt_pulled")
                    admin.execute(f"CREATE TABLE {table} {_COLUMNS}")
            before = self._server.seconds()
            done = run(database.dsn_for())
            done = done._replace(server_cpu=self._server.seconds() - before)
            self.check(database, table)
        return done

    def peer_of_files(self, run: Callable[[str], Run], table: str, files: Any) -> Run:
        """The same, which reads these files from a bucket."""
        with bucket(self.folder / f"aws{next(self._numbers)}", files):
            return self.peer(run, table)

    def check(self, database: Database, table: str) -> None:
        """Raise RuntimeError unless the table has every row."""
        with database.connect() as admin:
            found = admin.execute(f"SELECT count(*), count(DISTINCT id) FROM {table}").fetchone()
        if found != (self.rows, self.rows):
            raise RuntimeError(f"{table} has {found} rows.")


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
            ["id,ward,changed,price\n"]
            + [
                f"{n},Ward {n},2026-01-01T00:00:00,{n / 4}\n"
                for n in range(first, min(first + size, bench.rows))
            ]
        ).encode()
        for first in range(0, bench.rows, size)
    }
    place, peers = {"bucket": BUCKET, "prefix": "out/"}, bench.peers
    return {
        "Waybill": lambda: bench.waybill(place, files=files),
        "dlt (pyarrow)": lambda: bench.peer_of_files(
            lambda to: peers.dlt_files(f"s3://{BUCKET}/out/", to), "dlt_pulled.wards", files
        ),
        "sling": lambda: bench.peer_of_files(
            lambda to: peers.sling_files(BUCKET, "out/", f"{to}?sslmode=disable"),
            "public.sling_pulled",
            files,
        ),
    }


@contextmanager
def _contenders(kind: str, bench: Bench) -> Iterator[Contenders]:
    match kind:
        case "postgresql":
            yield postgresql(bench)
        case "mariadb":
            place = bench.folder / "m"
            place.mkdir()
            with running_mariadb(place) as server:
                yield mariadb(bench, server)
        case "rest":
            with ward_api(bench.rows) as url:
                yield rest(bench, url)
        case _:
            yield objects(bench)


def main() -> None:
    """Print seconds, rows a second, and the time as a multiple of Waybill's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=_KINDS)
    parser.add_argument("--keep", action="store_true", help="as data, picture and tables")
    given = parser.parse_args()
    peers, found = Peers(given.peers), {}
    with tempfile.TemporaryDirectory() as text, migrated_cluster() as (template, _):
        with template.connect() as admin:
            create_test_roles(admin)
        bench = Bench(Path(text), template, given.rows, peers)
        for kind in [given.only] if given.only else _KINDS:
            with _contenders(kind, bench) as contenders:
                found[kind] = measured(contenders, given.rounds)
            say_kind(kind, given.rows, found[kind])
    if given.keep:
        keep(peers.versions(), given.rows, given.rounds, found)


if __name__ == "__main__":
    main()
