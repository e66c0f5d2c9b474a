"""A dataset that the code has never seen is archived, read by DuckDB, and restored."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import duckdb
import psycopg
import pytest

from tests.e2e.client_calls import counted, load
from tests.e2e.project_copy import ProjectCopy, copy_project
from waybill_client import Waybill

pytestmark = pytest.mark.e2e

_HEADER = "harbour,measured_at,level_m,flags,remark\n"
_ROWS = "".join(
    f'Varna,{year}-{month:02}-{day:02}T00:30:00Z,{day}.{month:03},"{{{day},{year}}}",{remark}\n'
    for year in (2019, 2020)
    for month in (1, 12)
    for day, remark in enumerate(("calm", "", '"a ""high"" one"'), 1)
)
_RECENT = "Varna,2026-01-01T00:30:00Z,1.5,,\n"
_PATIENCE_SECONDS = 180


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectCopy]:
    tree = copy_project(tmp_path_factory.mktemp("lake") / "waybill")
    ours = Path(__file__).parent / "datasets" / "tides.sql"
    shutil.copy2(ours, tree.folder / "sql" / "datasets" / ours.name)
    try:
        tree.run("make up")
        yield tree
    finally:
        tree.run("make down ERASE=1")


def archived(waybill: Waybill, count: int) -> list[dict[str, Any]]:
    """The partitions, once so many are archived."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        found = waybill.partitions("tides")
        if [one["state"] for one in found] == ["ARCHIVED"] * count:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.5)


def download(tree: ProjectCopy, target: Path) -> Path:
    """The lake as files, in its own layout."""
    status = tree.status()
    bucket = "waybill-local-state"
    s3 = boto3.client(
        "s3",
        endpoint_url=status.aws_endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=status.aws_access_key_id,
        aws_secret_access_key=status.aws_secret_access_key,
    )
    for entry in s3.list_objects_v2(Bucket=bucket, Prefix="lake/").get("Contents", []):
        path = target / entry["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, entry["Key"], str(path))
    return target / "lake"


def table(tree: ProjectCopy) -> list[tuple[Any, ...]]:
    """The rows of the table."""
    with psycopg.connect(str(tree.status().database_url)) as database:
        return database.execute(
            "SELECT harbour, to_char(measured_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), level_m::text,"
            " flags::text, remark FROM tides ORDER BY measured_at"
        ).fetchall()


LABELS = ["2019-01", "2019-12", "2020-01", "2020-12"]


def test_old_partitions_are_archived_and_read_by_duckdb(tree: ProjectCopy, tmp_path: Path) -> None:
    status = tree.status()
    with Waybill(str(status.api), token=status.token) as waybill:
        job = load(waybill, tmp_path, "tides", _HEADER + _ROWS + _RECENT)
        assert counted(job)["inserted"] == 13
        assert [one["partition"] for one in archived(waybill, 4)] == LABELS
    assert [row[1] for row in table(tree)] == ["2026-01-01"]
    lake = download(tree, tmp_path)
    rows = duckdb.execute(
        "SELECT dataset, year, month::int, harbour, strftime(measured_at AT TIME ZONE 'UTC',"
        " '%Y-%m-%d'), level_m::varchar, flags, remark"
        f" FROM read_parquet('{lake}/*/*/*/*.parquet', hive_partitioning = true)"
        " WHERE year = 2019 ORDER BY measured_at"
    ).fetchall()
    assert [row[:5] for row in rows] == [
        ("tides", 2019, month, "Varna", f"2019-{month:02}-0{day}")
        for month in (1, 12)
        for day in (1, 2, 3)
    ]
    assert rows[2][5:] == ("3.001", "{3,2019}", 'a "high" one')
    assert rows[1][7] is None


def test_an_archived_month_refuses_records_until_it_is_restored(
    tree: ProjectCopy, tmp_path: Path
) -> None:
    status = tree.status()
    late = _HEADER + "Varna,2019-01-31T00:00:00Z,1,,\n"
    with Waybill(str(status.api), token=status.token) as waybill:
        refused = load(waybill, tmp_path, "tides", late)
        assert counted(refused) == {"read": 1, "rejected": 1}
        (reject,) = waybill.rejects(refused["job_id"])
        assert reject["errors"][0]["code"] == "partition_archived"

        printed = tree.run(".venv/bin/waybill restore-partition tides 2019-01")
        assert "Restored tides 2019-01: 3 rows." in printed
        assert [row[1] for row in table(tree)] == [
            *(f"2019-01-0{day}" for day in (1, 2, 3)),
            "2026-01-01",
        ]
        assert table(tree)[2][2:] == ("3.001", "{3,2019}", 'a "high" one')
        states = {one["partition"]: one["state"] for one in waybill.partitions("tides")}
        assert states == {**dict.fromkeys(LABELS, "ARCHIVED"), "2019-01": "RESTORED"}
        left = download(tree, tmp_path / "later").glob("*/*/month=01/*")
        folder = tmp_path / "later/lake/dataset=tides"
        assert list(left) == [folder / "year=2020/month=01/part-00001-1.parquet"]
        again = load(waybill, tmp_path, "tides", _HEADER + "Varna,2019-01-30T00:00:00Z,1,,\n")
        assert counted(again)["inserted"] == 1
