"""Credentials that were rotated are used by the next run, in the same process."""

import json
from collections.abc import Callable

import boto3
import pytest
from psycopg import sql

from tests.cloud.fixtures import Cloud
from tests.integration.sources.conftest import Api
from tests.integration.sources.mariadb_server import MariaDb
from tests.integration.sources.runs import run_through
from tests.integration.sources.test_killed_runs import created, table
from tests.integration.sources.test_runs import ids, job, started
from tests.postgres.databases import Connection, Database

_USER, _OLD, _NEW = "ward_reader", "one'password", "another password"


def rotated(
    api: Api, cloud: Cloud, admin: Connection, source_id: str, alter: Callable[[str], None]
) -> list[str]:
    """The state of a run before, during and after the rotation of the secret of the source."""
    arn = api("GET", f"/data-sources/{source_id}").json()["connection"]["secret_arn"]

    def run() -> str:
        job_id = started(api, source_id)
        run_through(cloud)
        found = job(admin, job_id)
        assert _OLD not in json.dumps(found)
        return str(found["state"])

    before = run()
    alter(_NEW)
    during = run()
    fields = json.dumps({"username": _USER, "password": _NEW})
    boto3.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=fields)
    return [before, during, run()]


EXPECTED = ["COMPLETED", "FAILED", "DUPLICATE"]


@pytest.mark.usefixtures("ignore_unknown")
def test_of_postgresql(
    api: Api, cloud: Cloud, admin: Connection, empty_database: Database, secret: Callable[..., str]
) -> None:
    place = table(
        empty_database.port, empty_database.name, engine="postgresql", incremental=None,
        secret_arn=secret(username=_USER, password=_OLD),
    )  # fmt: skip
    with empty_database.connect() as legacy:
        role = sql.Identifier(_USER)
        made = "CREATE ROLE {} LOGIN PASSWORD {}"
        legacy.execute(sql.SQL(made).format(role, _OLD))
        try:
            legacy.execute("CREATE TABLE wards AS SELECT 1 AS id, 'Ward' AS department")
            legacy.execute(sql.SQL("GRANT SELECT ON wards TO {}").format(role))

            def alter(password: str) -> None:
                legacy.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, password))

            source_id = created(api, "database", place)
            assert rotated(api, cloud, admin, source_id, alter) == EXPECTED
        finally:
            legacy.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))
    assert ids(admin) == [1]


@pytest.mark.usefixtures("ignore_unknown")
def test_of_mariadb(
    api: Api, cloud: Cloud, admin: Connection, mariadb: MariaDb, secret: Callable[..., str]
) -> None:
    def alter(password: str) -> None:
        quoted = password.replace("'", "''")
        mariadb.execute(f"ALTER USER {_USER}@'127.0.0.1' IDENTIFIED BY '{quoted}'")

    mariadb.execute(
        f"CREATE OR REPLACE USER {_USER}@'127.0.0.1'",
        "CREATE OR REPLACE TABLE legacy.wards AS SELECT 1 AS id, 'Ward' AS department",
        f"GRANT SELECT ON legacy.* TO {_USER}@'127.0.0.1'",
    )
    alter(_OLD)
    place = table(
        mariadb.port, "legacy", engine="mysql", incremental=None,
        secret_arn=secret(username=_USER, password=_OLD),
    )  # fmt: skip
    source_id = created(api, "database", place)
    assert rotated(api, cloud, admin, source_id, alter) == EXPECTED
    assert ids(admin) == [1]
