"""A run whose attempts are killed, or doubled, leaves the table as one clean run would."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from functions.pipeline.extract import database_pages
from infra.local.bootstrap import ADMIN
from tests.cloud.fixtures import LANDING, Cloud
from tests.integration.sources import mariadb_server
from tests.integration.sources.api_server import serving
from tests.integration.sources.conftest import Api
from tests.integration.sources.kills import run_killed
from tests.integration.sources.mariadb_server import MariaDb
from tests.integration.sources.test_runs import ids, started
from tests.postgres.databases import PASSWORD, Connection, Database

_RECORDS = 300
_KILLS = 20
_OBJECTS = 12
_PATIENT = {"attempts": 50, "backoff_seconds": 0}


def created(api: Api, kind: str, connection: dict[str, Any]) -> str:
    source = {"name": "harbour", "kind": kind, "connection": connection, "dataset": "departments"}
    response = api("POST", "/data-sources", {**source, "retry": _PATIENT})
    assert response.status == 201, response.text
    return str(response.json()["id"])


def killed_until_enough(
    run: Callable[[int], str], cloud: Cloud, admin: Connection, chance: random.Random
) -> None:
    """Run again and again, each with records of its own, until as many attempts were killed."""
    killed = runs = 0
    while killed < _KILLS:
        job_id = run(runs * _RECORDS)
        runs += 1
        killed += run_killed(cloud, chance, _KILLS - killed)
        assert ids(admin) == [*range(runs * _RECORDS)]
        counts = admin.execute(
            "SELECT read, inserted, state FROM waybill.ingestion_jobs WHERE job_id = %s", (job_id,)
        ).fetchone()
        assert counts == (_RECORDS, _RECORDS, "COMPLETED")


@pytest.mark.parametrize("seed", [1, 2])
def test_a_rest_source(api: Api, cloud: Cloud, admin: Connection, seed: int) -> None:
    with serving([], page_size=5) as remote:
        pages = {"kind": "cursor", "next": "meta.next"}
        given = {"url": f"{remote.url}/cursor", "records": "data", "pages": pages}
        source_id = created(api, "rest", given)

        def run(first: int) -> str:
            numbers = range(first, first + _RECORDS)
            remote.records = [{"id": n, "department": f"Department {n}"} for n in numbers]
            return started(api, source_id)

        killed_until_enough(run, cloud, admin, random.Random(seed))


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of a table saves its state as often as one of an API."""
    monkeypatch.setattr(database_pages, "ROWS_PER_PAGE", 10)


def table(port: int, database: str, **given: Any) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, "database": database, "table": "wards",
            "key": ["id"], "incremental": "changed", "tls": "disable", **given}  # fmt: skip


@pytest.mark.usefixtures("small_pages", "ignore_unknown")
def test_a_table_of_postgresql(
    api: Api, cloud: Cloud, admin: Connection, empty_database: Database, secret: Callable[..., str]
) -> None:
    arn = secret(username=ADMIN, password=PASSWORD)
    place = table(empty_database.port, empty_database.name, engine="postgresql", secret_arn=arn)
    with empty_database.connect() as legacy:
        # Ten rows each have one value of the incremental column, as of one transaction.
        legacy.execute("CREATE TABLE wards (id bigint PRIMARY KEY, department text, changed int)")
        source_id = created(api, "database", place)

        def run(first: int) -> str:
            legacy.execute(
                "INSERT INTO wards SELECT n, 'Ward ' || n, n / 10"
                " FROM generate_series(%s::bigint, %s) AS n",
                (first, first + _RECORDS - 1),
            )
            return started(api, source_id)

        killed_until_enough(run, cloud, admin, random.Random(5))


@pytest.mark.usefixtures("small_pages", "ignore_unknown")
def test_a_table_of_mariadb(
    api: Api, cloud: Cloud, admin: Connection, mariadb: MariaDb, secret: Callable[..., str]
) -> None:
    arn = secret(username=mariadb_server.USER, password=mariadb_server.PASSWORD)
    place = table(mariadb.port, "legacy", engine="mysql", secret_arn=arn)
    mariadb.execute(
        "CREATE OR REPLACE TABLE legacy.wards"
        " (id bigint PRIMARY KEY, department text, changed int NOT NULL)"
    )
    source_id = created(api, "database", place)

    def run(first: int) -> str:
        mariadb.execute(
            "INSERT INTO legacy.wards SELECT seq, concat('Ward ', seq), seq DIV 10"
            f" FROM legacy.seq_{first}_to_{first + _RECORDS - 1}"
        )
        return started(api, source_id)

    killed_until_enough(run, cloud, admin, random.Random(6))


def test_a_source_of_objects(api: Api, cloud: Cloud, admin: Connection) -> None:
    region: Any = {"LocationConstraint": "eu-west-1"}
    cloud.s3.create_bucket(Bucket="legacy-exports", CreateBucketConfiguration=region)
    source_id = created(api, "s3", {"bucket": "legacy-exports", "prefix": "out/"})
    for number in range(_OBJECTS):
        body = f"{number},D {number}\n".encode()
        cloud.s3.put_object(Bucket="legacy-exports", Key=f"out/{number:04}.csv", Body=body)
    chance, killed = random.Random(4), 0
    while killed < _KILLS:
        started(api, source_id)
        killed += run_killed(cloud, chance, _KILLS - killed)
        assert ids(admin) == [*range(_OBJECTS)]
    listed = cloud.s3.list_object_versions(Bucket=LANDING, Prefix="landing/")["Versions"]
    assert len(listed) == len({one["Key"] for one in listed}) == _OBJECTS
    totals = admin.execute(
        "SELECT sum(read), sum(inserted) FROM waybill.ingestion_jobs WHERE object_key IS NOT NULL"
    ).fetchone()
    assert totals == (_OBJECTS, _OBJECTS)
