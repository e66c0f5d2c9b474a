"""The statement that creates a table in Athena says what is in the files, and where they are."""

import io
import re
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from pyarrow import parquet

from tests.cloud.fixtures import STATE
from tests.integration.lake.conftest import Lake
from tests.integration.lake.test_duckdb import download
from tests.integration.lake.test_round_trip import every_type

# What Athena reads as a type: the physical and the logical type in the file.
_STORED: dict[str, tuple[str, str]] = {
    "boolean": ("BOOLEAN", "None"),
    "smallint": ("INT32", "Int(bitWidth=16, isSigned=true)"),
    "int": ("INT32", "None"),
    "bigint": ("INT64", "None"),
    "float": ("FLOAT", "None"),
    "double": ("DOUBLE", "None"),
    "date": ("INT32", "Date"),
    "decimal(12,3)": ("FIXED_LEN_BYTE_ARRAY", "Decimal(precision=12, scale=3)"),
    "string": ("BYTE_ARRAY", "String"),
}
_TIMES = {
    "naive": "Timestamp(isAdjustedToUTC=false, timeUnit=microseconds",
    "instant": "Timestamp(isAdjustedToUTC=true, timeUnit=microseconds",
    "at": "Timestamp(isAdjustedToUTC=true, timeUnit=microseconds",
}
_DUCKDB = {
    "int": "INTEGER",
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "decimal(12,3)": "DECIMAL(12,3)",
}
_STATEMENT = re.compile(
    r"CREATE EXTERNAL TABLE `(?P<table>[a-z0-9_]+)` \(\n"
    r"(?P<columns>(?:    `[a-z0-9_]+` [^`]+?,?\n)+)\)\n"
    r"PARTITIONED BY \((?P<folders>[^)]+)\)\nSTORED AS PARQUET\n"
    r"LOCATION '(?P<location>[^']+)'\n"
    r"TBLPROPERTIES \(\n(?P<properties>(?:    '[^']+' = '[^']+',?\n)+)\)"
)


class Table(NamedTuple):
    """The statement, parsed."""

    name: str
    columns: dict[str, str]
    folders: dict[str, str]
    location: str
    properties: dict[str, str]

    def folder(self, **values: str) -> str:
        """The folder in the bucket that Athena computes for a partition."""
        found = self.properties["storage.location.template"]
        for name, value in values.items():
            found = found.replace(f"${{{name}}}", value)
        assert "$" not in found
        return found.removeprefix(f"s3://{STATE}/")


def athena(lake: Lake) -> dict[str, Any]:
    """The table as the API has it."""
    found: dict[str, Any] = lake.one("SELECT waybill.athena_table('kinds', %s)", STATE)
    return found


def parse(statement: str) -> Table:
    """What the statement says; all of it is matched."""
    found = _STATEMENT.fullmatch(statement)
    assert found, statement
    return Table(
        found["table"],
        dict(re.findall(r"`([a-z0-9_]+)` ([^`]+?),?\n", found["columns"])),
        dict(re.findall(r"`([a-z0-9_]+)` (\w+)", found["folders"])),
        found["location"],
        dict(re.findall(r"'([^']+)' = '([^']+)'", found["properties"])),
    )


def test_columns_are_those_of_the_files(lake: Lake, tmp_path: Path) -> None:
    every_type(lake)
    lake.archive()
    found = athena(lake)
    assert (found["left_out"], found["not_read"]) == ([], [])
    table = parse(found["statement"])
    (key,) = lake.objects()
    data = lake.cloud.s3.get_object(Bucket=STATE, Key=key)["Body"].read()
    schema = parquet.ParquetFile(io.BytesIO(data)).schema
    stored = {schema.column(at).name: schema.column(at) for at in range(len(schema))}
    assert list(table.columns) == list(stored)
    for name, kind in table.columns.items():
        physical, logical = stored[name].physical_type, str(stored[name].logical_type)
        if kind == "timestamp":
            assert physical == "INT64"
            assert logical.startswith(_TIMES[name])
        else:
            assert (physical, logical) == _STORED[kind], name
    folder = download(lake, tmp_path)
    files = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
    described = duckdb.execute(f"DESCRIBE SELECT * FROM {files}").fetchall()
    types = {name: kind for name, kind, *_ in described}
    for name, kind in table.columns.items():
        assert types[name].removesuffix(" WITH TIME ZONE") == _DUCKDB.get(kind, kind.upper())
    assert set(types) - set(table.columns) == {"dataset", *table.folders}


def test_the_folder_of_a_partition_is_the_one_that_athena_computes(lake: Lake) -> None:
    lake.fill("2019", 3)
    before = parse(athena(lake)["statement"])
    lake.archive()
    table = parse(athena(lake)["statement"])
    assert table == before
    assert (table.name, table.folders) == ("kinds", {"year": "int"})
    assert table.location == f"s3://{STATE}/lake/dataset=kinds/"
    assert table.properties["projection.enabled"] == "true"
    assert table.properties["projection.year.type"] == "integer"
    assert table.properties["projection.year.range"] == "1700,2299"
    year = "2019".zfill(int(table.properties["projection.year.digits"]))
    (key,) = lake.objects()
    assert key.startswith(table.folder(year=year))


def test_months_of_past_years_are_read_with_those_of_this_one(lake: Lake) -> None:
    lake.admin.execute("UPDATE waybill.datasets SET partition_unit = 'month' WHERE name = 'kinds'")
    months = parse(athena(lake)["statement"])
    assert months.folders == {"year": "int", "month": "int"}
    assert months.properties["projection.month.range"] == "1,12"
    assert months.folder(year="2019", month="03") == "lake/dataset=kinds/year=2019/month=03/"
    # A whole year has no folder of a month; those of months are in the folder of their year.
    lake.fill("2019", 3)
    lake.archive()
    found = athena(lake)
    assert parse(found["statement"]).folders == {"year": "int"}
    assert found["not_read"] == []


def test_a_column_with_the_name_of_a_folder_renames_the_folder(lake: Lake) -> None:
    lake.admin.execute("ALTER TABLE kinds ADD year int, ADD dataset text")
    lake.fill("2019", 3)
    lake.archive()
    table = parse(athena(lake)["statement"])
    assert table.columns["year"] == "int"
    assert table.folders == {"partition_year": "int"}
    assert table.properties["projection.partition_year.digits"] == "4"
    (key,) = lake.objects()
    assert key.startswith(table.folder(partition_year="2019"))
    lake.admin.execute("ALTER TABLE kinds DROP year")
    assert athena(lake)["not_read"] == ["2019"]


@pytest.mark.parametrize(
    ("change", "columns", "reason"),
    [
        ('ADD "Year" int', {}, "a folder has the name"),
        ('ADD "Whole" int', {}, "several columns"),
        ('ADD "no`); DROP TABLE kinds --" int', {}, "letters, digits and underscores"),
        ('ADD "größe" int', {}, "letters, digits and underscores"),
        ('ADD "Größe" int', {}, "letters, digits and underscores"),
        ("ALTER plain TYPE bytea USING NULL, ALTER whole TYPE text", {}, "files differ"),
        ('ADD "Total" int', {"total": "int"}, None),
        ("ADD later numeric(50, 2), ADD less numeric(38, 38)",
         {"later": "string", "less": "decimal(38,38)"}, None),
        ("DROP whole CASCADE", {"whole": "int"}, None),
    ],
)  # fmt: skip
def test_columns_that_athena_cannot_have_are_left_out_and_named(
    lake: Lake, change: str, columns: dict[str, str], reason: str | None
) -> None:
    lake.fill("2019", 1)
    lake.archive()
    lake.admin.execute("ALTER TABLE kinds DROP twofold")
    lake.admin.execute(f"ALTER TABLE kinds {change}".encode())
    found = athena(lake)
    table = parse(found["statement"])
    assert columns.items() <= table.columns.items()
    reasons = [one["reason"] for one in found["left_out"]]
    assert not reasons if reason is None else any(reason in one for one in reasons)
    for one in found["left_out"]:
        assert one["column"] not in table.columns


def test_a_type_that_was_widened_reads_older_files(lake: Lake) -> None:
    lake.fill("2019", 1)
    lake.archive()
    lake.admin.execute("ALTER TABLE kinds DROP twofold, ALTER whole TYPE bigint")
    lake.admin.execute("ALTER TABLE kinds ALTER single TYPE double precision, ALTER small TYPE int")
    columns = parse(athena(lake)["statement"]).columns
    assert (columns["whole"], columns["single"], columns["small"]) == ("bigint", "double", "int")


def test_a_dataset_without_partitions_has_no_table(lake: Lake) -> None:
    lake.admin.execute("CREATE TABLE flat (id int PRIMARY KEY)")
    lake.admin.execute("SELECT waybill.register_dataset('flat')")
    assert lake.one("SELECT waybill.athena_table('flat', %s)", STATE) is None
    assert lake.one("SELECT waybill.athena_table('none', %s)", STATE) is None
