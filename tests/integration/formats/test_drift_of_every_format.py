"""Columns added, missing, renamed and retyped are reported alike, whatever format a file has."""

import io
import json
from collections.abc import Callable, Sequence
from string import ascii_uppercase
from typing import Any

import pyarrow as pa
import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.formats.test_drift import declare, drift, job, rows
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection
from tests.unit.binary.encode import ENCODERS
from tests.unit.binary.workbooks import sheet_xml, workbook

Records = Sequence[dict[str, Any]]


def _csv(records: Records) -> bytes:
    lines = [",".join(records[0]), *(",".join(map(str, each.values())) for each in records)]
    return "\n".join(lines).encode()


def _sheet(records: Records) -> bytes:
    names = dict(zip(ascii_uppercase, records[0], strict=False))
    cells = {
        row: dict(zip(ascii_uppercase, each.values(), strict=False))
        for row, each in enumerate(records, 2)
    }
    return workbook({"S": sheet_xml({1: names, **cells})})


def _lines(records: Records) -> bytes:
    sink = io.StringIO()
    sink.writelines(f"{json.dumps(each)}\n" for each in records)
    return sink.getvalue().encode()


FORMATS: dict[str, Callable[[Records], bytes]] = {
    "csv": _csv,
    "jsonl": _lines,
    "json": lambda records: json.dumps(list(records)).encode(),
    "xlsx": _sheet,
    **{
        name: lambda records, encode=encode: encode(pa.Table.from_pylist(list(records)))  # type: ignore[misc]
        for name, encode in ENCODERS.items()
    },
}
MORE = [{"berth": "A1", "depth": 1.5, "colour": "red"}, {"berth": "B2", "depth": 2, "colour": "x"}]
# A header that names one column alone may be any text.
RENAMED = [{"berth": "A1", "dept": 1.5, "note": "n"}, {"berth": "B2", "dept": 2, "note": "m"}]
RETYPED = [{"berth": "A1", "depth": "deep"}, {"berth": "B2", "depth": "low"}]
ACTIONS = {"refuse": "rejected", "ignore": "ignored", "rescue": "rescued"}


def load(cloud: Cloud, file_format: str, records: Records) -> None:
    land(cloud, "moorings", f"file.{file_format}", FORMATS[file_format](records))
    settle(cloud)


def differences(admin: Connection, change: str) -> set[tuple[Any, ...]]:
    """Column, nearest name and action of what has this change."""
    return {(each[0], each[2], each[3]) for each in drift(admin) if each[1] == change}


@pytest.mark.parametrize("policy", ACTIONS)
@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize(
    ("records", "added", "nearest"), [(MORE, "colour", None), (RENAMED, "dept", "depth")]
)
def test_a_column_more_or_renamed(  # noqa: PLR0913, PLR0917 - fixtures and cases
    admin: Connection, cloud: Cloud, policy: str, file_format: str, records: Records,
    added: str, nearest: str | None,
) -> None:  # fmt: skip
    declare(admin, policy)
    load(cloud, file_format, records)
    is_json = file_format.startswith("json")
    if policy == "refuse":
        assert rows(admin) == []
        if not is_json:
            error = job(admin)["error"]
            assert error["type"] == "unknown-columns"
            assert f"'{added}'" in error["detail"]
            assert ("(nearest: depth)" in error["detail"]) is (nearest is not None)
            return
        # Records of JSON differ from each other: each is rejected.
        assert job(admin)["waybill"]["rejected"] == 2
        assert differences(admin, "added") == {(added, nearest, "rejected")}
        return
    is_kept = policy == "rescue"
    kept = [(row[4] or {}).get(added) for row in rows(admin)]
    assert [value is not None for value in kept] == [is_kept, is_kept]
    assert rows(admin)[0][:3] == ("A1", None if nearest else "1.50", None)
    assert differences(admin, "added") == {(added, nearest, ACTIONS[policy])}
    missing = {column for column, _, _ in differences(admin, "missing")}
    assert missing - {"extra"} == ({"since", "depth"} if nearest else {"since", "note"})


@pytest.mark.parametrize("policy", ACTIONS)
@pytest.mark.parametrize("file_format", FORMATS)
def test_a_retyped_column(admin: Connection, cloud: Cloud, policy: str, file_format: str) -> None:
    declare(admin, policy)
    load(cloud, file_format, RETYPED)
    assert rows(admin) == []
    assert job(admin)["waybill"]["rejected"] == 2
    assert differences(admin, "retyped") == {("depth", None, "rejected")}
