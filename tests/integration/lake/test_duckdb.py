"""DuckDB reads the lake: the folders as columns, and every type that it has."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.cloud.fixtures import STATE
from tests.integration.lake.conftest import Lake
from tests.integration.lake.test_round_trip import every_type


def download(lake: Lake, folder: Path) -> Path:
    """The lake as files, in its own layout."""
    for key in lake.objects():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        lake.cloud.s3.download_file(STATE, key, str(path))
    return folder / "lake"


def query(lake: Path, select: str) -> list[tuple[Any, ...]]:
    """Rows of the files."""
    files = f"read_parquet('{lake}/**/*.parquet', hive_partitioning = true)"
    return duckdb.execute(f"SELECT {select} FROM {files}").fetchall()


def test_types_are_those_of_duckdb(lake: Lake, tmp_path: Path) -> None:
    every_type(lake)
    lake.archive()
    folder = download(lake, tmp_path)
    found = query(
        folder,
        "any_value(dataset), any_value(year), sum(whole), max(money), min(day), count(flag),"
        " count(*)",
    )
    assert found == [
        ("kinds", 2019, -1, Decimal("999999999.999"), datetime.date(1, 1, 1), 3, 4),
    ]
    types = query(
        folder,
        "DISTINCT typeof(small), typeof(big), typeof(money), typeof(exact), typeof(single),"
        " typeof(flag), typeof(naive), typeof(instant), typeof(doc), typeof(_landed)",
    )
    assert types == [
        ("SMALLINT", "BIGINT", "DECIMAL(12,3)", "VARCHAR", "FLOAT", "BOOLEAN", "TIMESTAMP",
         "TIMESTAMP WITH TIME ZONE", "VARCHAR", "BIGINT"),
    ]  # fmt: skip


def test_many_files_are_one_partition(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPORT_FILE_BYTES", "1")
    lake.fill("2019", 20000)
    lake.archive()
    assert len(lake.objects()) > 2
    found = query(
        download(lake, tmp_path), "min(year), max(year), count(*), count(DISTINCT id), sum(id)"
    )
    assert found == [(2019, 2019, 20000, 20000, 20000 * 20001 // 2)]
