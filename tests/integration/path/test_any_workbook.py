"""Whatever values a sheet has, as Excel stores them, its table has the same ones after the load."""

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection, Database
from tests.unit.binary.workbooks import number, sheet_xml, workbook

_TABLE = """
CREATE TABLE crates (
    id integer PRIMARY KEY, whole bigint, exact numeric, ok boolean, day date, seen timestamp,
    clock time, label text
);
SELECT waybill.register_dataset('crates');
"""
_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - a workbook has no zones
_DAY = dt.timedelta(days=1)
# What XML can hold; `_x000D_` is an escape of Excel's.
_LABELS = st.text(
    st.characters(
        exclude_categories=["Cc", "Cs"], exclude_characters="_\ufffe\uffff", include_characters="\n"
    ),
    min_size=1,
    max_size=20,
).filter(lambda text: text.strip(" \t") == text)
_TIMES = st.datetimes(dt.datetime(1900, 3, 1), dt.datetime(9999, 12, 31))  # noqa: DTZ001
_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "whole": st.none() | st.integers(-(10**15), 10**15),
            "exact": st.none() | st.integers(-(10**15) + 1, 10**15 - 1).map(
                lambda digits: Decimal(digits).scaleb(-6)
            ),
            "ok": st.none() | st.booleans(),
            "day": st.none() | st.dates(dt.date(1900, 3, 1)),
            "seen": st.none() | _TIMES.map(
                lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)
            ),
            "clock": st.none() | st.times().map(
                lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)
            ),
            "label": st.none() | _LABELS,
        }
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


def _cell(name: str, value: Any) -> object:
    if name == "exact":
        return number(repr(float(value)))
    if name == "day":
        midnight = dt.datetime.combine(value, dt.time())
        return number(str((midnight - _EPOCH).days), 1)
    if name == "seen":
        return number(repr((value - _EPOCH) / _DAY), 2)
    if name == "clock":
        since = dt.datetime.combine(_EPOCH, value) - _EPOCH
        return number(repr(since / _DAY), 3)
    return value


@pytest.fixture
def admin(
    database: Database, environment_of: Callable[[Database, str], None]
) -> Iterator[Connection]:
    environment_of(database, "pipeline")
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute(_TABLE.encode())
        yield connection


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=_ROWS)
def test_a_sheet_is_loaded_as_it_is(
    admin: Connection, cloud: Cloud, rows: list[dict[str, Any]]
) -> None:
    admin.execute("TRUNCATE crates, waybill.ingestion_jobs CASCADE")
    names = ["id", *rows[0]]
    letters = "ABCDEFGH"
    cells: dict[int, dict[str, object]] = {1: dict(zip(letters, names, strict=True))}
    for line, row in enumerate(rows, 2):
        values = {"id": line, **row}
        cells[line] = {
            letter: _cell(name, values[name])
            for letter, name in zip(letters, names, strict=True)
            if values[name] is not None
        }
    land(cloud, "crates", "crates.xlsx", workbook({"S": sheet_xml(cells)}))
    settle(cloud)
    rejects = admin.execute("SELECT line, errors FROM waybill.validation_errors").fetchall()
    assert rejects == []
    columns = ", ".join(names)
    stored = admin.execute(f"SELECT {columns} FROM crates ORDER BY id".encode()).fetchall()
    expected = [{"id": line, **row} for line, row in enumerate(rows, 2)]
    assert stored == [tuple(row[name] for name in names) for row in expected]
