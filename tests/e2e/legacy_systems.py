"""Systems that sources are pulled from: an API, a PostgreSQL, a MariaDB and a bucket."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psycopg

from infra.local.clients import Clients
from infra.local.postgres import SUPERUSER, Postgres
from infra.local.status import Status
from tests.e2e.source_bucket import BUCKET, make_source_bucket
from tests.integration.sources import mariadb_server
from tests.integration.sources.api_server import ApiServer, Fault, serving
from tests.integration.sources.mariadb_server import MariaDb, running_mariadb

PAGES: dict[str, dict[str, Any]] = {
    "page": {"kind": "page"},
    "cursor": {"kind": "cursor", "next": "meta.next"},
    "link": {"kind": "link"},
    "offset": {"kind": "offset"},
}
FAULTS = (
    Fault(429, retry_after="1"),
    Fault(500),
    Fault(503, retry_after="1"),
    Fault(seconds=2),
    Fault(truncated=True),
    Fault(garbled=True),
)
"""Too many requests, errors, a slow response, and two that are cut."""
Connection = dict[str, Any]
_RETRY = {"attempts": 20, "backoff_seconds": 0}


class LegacySystems(NamedTuple):
    """The running systems, each with the table or the records `wards`, and the cloud's secrets."""

    postgres: Postgres
    port: int
    mariadb: MariaDb
    aws: Clients
    apis: ExitStack

    def api(self, pages: str, numbers: Sequence[int], faults: Sequence[Fault] = ()) -> Connection:
        """An API of these wards, 100 a page; each fault is in place of one response."""
        server = self.apis.enter_context(serving([ward(number) for number in numbers], 100))
        server.faults = list(faults)
        return self.connection_to(server, pages)

    @staticmethod
    def connection_to(server: ApiServer, pages: str) -> Connection:
        """The connection of a source that reads this API."""
        url = f"{server.url}/{pages}"
        return {"url": url, "records": "data", "pages": PAGES[pages]}

    def postgresql_table(self, name: str, numbers: Sequence[int]) -> Connection:
        """A table of these wards in the second PostgreSQL."""
        with self._superuser() as superuser:
            superuser.execute(
                f"CREATE TABLE {name} (id bigint PRIMARY KEY, ward text, at timestamp)"
            )
            superuser.execute(
                f"INSERT INTO {name} SELECT n, 'Ward ' || n, '2026-01-01'"
                " FROM unnest(%s::bigint[]) AS n",
                (list(numbers),),
            )
        password = self.postgres.superuser_password
        return self._table("postgresql", self.port, "postgres", name, (SUPERUSER, password))

    def mariadb_table(self, name: str, numbers: Sequence[int]) -> Connection:
        """The same in MariaDB."""
        values = ",".join(f"({n}, 'Ward {n}', '2026-01-01')" for n in numbers)
        self.mariadb.execute(
            f"CREATE TABLE legacy.{name} (id bigint PRIMARY KEY, ward text, at datetime)",
            f"INSERT INTO legacy.{name} VALUES {values}",
        )
        login = (mariadb_server.USER, mariadb_server.PASSWORD)
        return self._table("mysql", self.mariadb.port, "legacy", name, login)

    def objects(
        self, prefix: str, files: Sequence[Sequence[int]], *, partial: bool = False
    ) -> Connection:
        """A prefix with a file for each of these groups of wards.

        Partial ones lack a column, so they are merged in order, one after the other.
        """
        head, rest = ("id,ward", "") if partial else ("id,ward,at", ",2026-01-01T00:00:00")
        for place, numbers in enumerate(files):
            body = f"{head}\n" + "".join(f"{n},Ward {n}{rest}\n" for n in numbers)
            self.aws("s3").put_object(
                Bucket=BUCKET, Key=f"{prefix}/{place:04}.csv", Body=body.encode()
            )
        return {"bucket": BUCKET, "prefix": f"{prefix}/"}

    def _table(
        self, engine: str, port: int, database: str, table: str, login: tuple[str, str]
    ) -> Connection:
        fields = json.dumps(dict(zip(("username", "password"), login, strict=True)))
        secret = self.aws("secretsmanager").create_secret(
            Name=f"waybill/local/sources/{engine}-{table}", SecretString=fields
        )
        return {"engine": engine, "host": "127.0.0.1", "port": port, "database": database,
                "table": table, "key": ["id"], "tls": "disable",
                "secret_arn": secret["ARN"]}  # fmt: skip

    def _superuser(self) -> "psycopg.Connection[Any]":
        login = f"{SUPERUSER}:{self.postgres.superuser_password}"
        return psycopg.connect(f"postgresql://{login}@127.0.0.1:{self.port}/postgres")


def ward(number: int) -> dict[str, Any]:
    """A record of the API."""
    return {"id": number, "ward": f"Ward {number}"}


@contextmanager
def legacy_systems(aws: Clients) -> Iterator[LegacySystems]:
    """Start the systems; they are stopped and erased at the end."""
    make_source_bucket(aws)
    with tempfile.TemporaryDirectory(prefix="waybill-legacy-") as text, ExitStack() as apis:
        folder = Path(text)
        # The server runs under an account of its own where the tests are root's.
        folder.chmod(0o755)
        for name in ("pg", "m"):
            (folder / name).mkdir(mode=0o755)
        postgres = Postgres(folder / "pg", fast=True)
        apis.callback(postgres.erase)
        mariadb = apis.enter_context(running_mariadb(folder / "m"))
        yield LegacySystems(postgres, postgres.start(), mariadb, aws, apis)


def create_dataset(database_url: str, name: str, more: str = "at timestamp") -> None:
    """A dataset of wards in the running stack, with one more column."""
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute("SET ROLE waybill_owner")
        admin.execute(f"CREATE TABLE {name} (id bigint PRIMARY KEY, ward text, {more})")
        admin.execute("SELECT waybill.register_dataset(%s)", (name,))


def loaded_ids(database_url: str, dataset: str) -> list[int]:
    """The ids in the table, in order."""
    with psycopg.connect(database_url, autocommit=True) as admin:
        return [row[0] for row in admin.execute(f"SELECT id FROM {dataset} ORDER BY id")]


def create(
    http: httpx.Client,
    status: Status,
    name: str,
    connection: Connection,
    more: str = "at timestamp",
) -> str:
    """A dataset with one more column, and a source of this name; the source's id."""
    create_dataset(str(status.database_url), name, more)
    return create_source(http, name, name, connection)


def create_source(http: httpx.Client, name: str, dataset: str, connection: Connection) -> str:
    """A source of the dataset; its id."""
    kind = "rest" if "url" in connection else "s3" if "bucket" in connection else "database"
    source = {"name": name, "dataset": dataset, "kind": kind, "connection": connection}
    response = http.post("data-sources", json={**source, "retry": _RETRY})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])
