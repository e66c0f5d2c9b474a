"""A dataset added by one SQL file, without code, in a copy of the project."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.bootstrap import ROOT
from tests.e2e.client_calls import counted, load
from tests.e2e.project_copy import ProjectCopy, copy_project
from waybill_client import Waybill

pytestmark = pytest.mark.e2e

_FILE = """\
plant,tag,limit_value,is_live,installed,last_seen,readings,feeds_tag
North,T-1,10.5,true,2020-02-29,2026-01-31T23:30:00-05:00,7,
North,T-2,0.125,f,2021-01-01,,NA,T-1
North,T-3,-1,true,2021-01-01,,NA,
North,T-4,1,maybe,2021-01-01,,1,
North,T-5,1.0625,true,2021-01-01,,1,
North,T-6,1,true,01/02/2021,,1,
North,T-7,1,true,2021-01-01,2026-01-31T23:30:00,1,
South,T-1,3,1,2022-06-30,2026-01-31 12:00:00+02,9223372036854775807,T-9
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectCopy]:
    tree = copy_project(tmp_path_factory.mktemp("second") / "waybill")
    ours = Path(__file__).parent / "datasets" / "sensors.sql"
    shutil.copy2(ours, tree.folder / "sql" / "datasets" / ours.name)
    try:
        tree.run("make up")
        yield tree
    finally:
        tree.run("make down ERASE=1")


def test_one_sql_file_adds_a_dataset(tree: ProjectCopy, tmp_path: Path) -> None:
    status = tree.status()
    with Waybill(str(status.api), token=status.token) as waybill:
        job = load(waybill, tmp_path, "sensors", _FILE)
        assert counted(job) == {
            "read": 8,
            "inserted": 2,
            "rejected": 5,
            "pending_reference": 1,
        }
        field_errors = [
            (reject["line"], reject["errors"][0]["column"], reject["errors"][0]["code"])
            for reject in waybill.rejects(job["job_id"])
        ]
        later = load(waybill, tmp_path, "sensors", "South,T-9,4,0,2022-01-01,,NA,\n")
        assert counted(later) == {"read": 1, "inserted": 1}
        again = load(waybill, tmp_path, "sensors", _FILE)
        assert counted(again)["unchanged"] == 3
    assert field_errors[1:] == [
        (5, "is_live", "invalid_boolean"),
        (6, "limit_value", "too_many_decimals"),
        (7, "installed", "invalid_date"),
        (8, "last_seen", "timestamp_without_zone"),
    ]
    assert field_errors[0][0] == 4
    assert _rows(str(status.database_url)) == [
        ("North", "T-1", "10.500", True, "2026-02-01 04:30:00", 7, None),
        ("North", "T-2", "0.125", False, None, None, "T-1"),
        ("South", "T-1", "3.000", True, "2026-01-31 10:00:00", 9223372036854775807, "T-9"),
        ("South", "T-9", "4.000", False, None, None, None),
    ]


def test_the_tutorial_runs(tree: ProjectCopy) -> None:
    manual = (ROOT / "sql" / "README.md").read_text("utf-8")
    blocks = re.findall(r"^```sh test\n(.*?)^```$", manual, re.DOTALL | re.MULTILINE)
    printed = tree.run("\n".join(blocks))
    assert "(4 rows)" in printed, printed
    database_url = str(tree.status().database_url)
    with psycopg.connect(database_url) as database:
        berths = database.execute("SELECT berth, length_m::text, opened::text, depth_m FROM berths")
        assert sorted(berths.fetchall()) == [
            (1, "120.50", "1998-03-01", None),
            (2, "95.25", None, None),
            (3, "40.00", None, None),
            (4, "80.00", "2010-02-28", None),
        ]
        stock = database.execute("SELECT sku, quantity FROM inventory.stock ORDER BY sku")
        assert stock.fetchall() == [("A-1", 5), ("A-2", 7)]


def test_a_new_stack_starts_from_the_tree_that_the_tutorial_leaves(tree: ProjectCopy) -> None:
    assert (tree.folder / "sql/datasets/berths/0001_depth.sql").exists(), "the tutorial ran before"
    tree.run("make down ERASE=1 && make up")
    with psycopg.connect(str(tree.status().database_url)) as database:
        assert database.execute("SELECT depth_m FROM berths").fetchall() == []
        assert database.execute("SELECT quantity FROM inventory.stock").fetchall() == []


def test_the_product_is_upgraded_beside_the_datasets_of_the_tutorial(
    tree: ProjectCopy, tmp_path: Path
) -> None:
    status = tree.status()
    with Waybill(str(status.api), token=status.token) as waybill:
        assert counted(load(waybill, tmp_path, "stock", "A-1,5\n"))["inserted"] == 1
    numbers = [int(file.name[:4]) for file in (tree.folder / "sql/migrations").glob("*.sql")]
    product = tree.folder / f"sql/migrations/{max(numbers) + 1:04}_product.sql"
    product.write_text("CREATE TABLE waybill.product (id integer);")
    assert product.name in tree.run("make migrate")
    with psycopg.connect(str(status.database_url)) as database:
        assert database.execute("SELECT * FROM waybill.product").fetchall() == []
        assert database.execute("SELECT sku FROM inventory.stock").fetchall() == [("A-1",)]


def test_a_wrong_dataset_file_leaves_the_stack_up(tree: ProjectCopy) -> None:
    file = tree.folder / "sql/datasets/quays.sql"
    table = "CREATE TABLE quays (id integer PRIMARY KEY, name text);\n"
    file.write_text(f"{table}SELECT waybill.register_dataset('quays', null_words => '{{NULL}}');")
    with pytest.raises(AssertionError, match=r"datasets/quays\.sql:2: null_words"):
        tree.run("make migrate")
    assert tree.status().state == "up"
    file.write_text(f"{table}SELECT waybill.register_dataset('quays', null_words => '{{NA}}');")
    assert "datasets/quays.sql" in tree.run("make migrate")


def _rows(database_url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database_url) as database:
        return database.execute(
            "SELECT plant, tag, limit_value::text, is_live,"
            " (last_seen AT TIME ZONE 'UTC')::text, readings, feeds_tag"
            " FROM sensors ORDER BY plant, tag"
        ).fetchall()
