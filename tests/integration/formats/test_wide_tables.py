"""Tables of many columns, and of columns named like Waybill's own, load like any other."""

from collections.abc import Callable, Iterator

import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection, Database

COUNT = 1000
NAMES = [f"c{number}" for number in range(1, COUNT)]


@pytest.fixture
def admin(
    database: Database, environment_of: Callable[[Database, str], None]
) -> Iterator[Connection]:
    environment_of(database, "pipeline")
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        yield connection


def test_a_table_of_a_thousand_columns_loads(admin: Connection, cloud: Cloud) -> None:
    columns = ", ".join(f"{name} integer" for name in NAMES)
    admin.execute(f"CREATE TABLE wide (id integer PRIMARY KEY, {columns})".encode())
    admin.execute("SELECT waybill.register_dataset('wide')")
    header = ",".join(["id", *NAMES])
    rows = "".join(",".join(str(row * n) for n in range(1, COUNT + 1)) + "\n" for row in (1, 2))
    land(cloud, "wide", "wide.csv", f"{header}\n{rows}".encode())
    settle(cloud)
    assert admin.execute("SELECT id, c1, c999 FROM wide ORDER BY id").fetchall() == [
        (1, 2, 1000),
        (2, 4, 2000),
    ]


def test_columns_named_like_staging_columns_load(admin: Connection, cloud: Cloud) -> None:
    admin.execute(
        "CREATE TABLE odd (_line integer PRIMARY KEY, _raw text, _cls text, _chunk integer)"
    )
    admin.execute("SELECT waybill.register_dataset('odd')")
    land(cloud, "odd", "odd.csv", b"_line,_raw,_cls,_chunk\n1,a,i,7\n2,b,u,8\n")
    settle(cloud)
    assert admin.execute("SELECT _line, _raw, _cls, _chunk FROM odd ORDER BY 1").fetchall() == [
        (1, "a", "i", 7),
        (2, "b", "u", 8),
    ]
