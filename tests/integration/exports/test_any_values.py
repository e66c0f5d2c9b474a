"""Whatever rows a dataset has: exported and loaded again, they are the same, in every format."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.exports.conftest import TYPES, Exporter
from tests.integration.exports.values import BEYOND_ROWS, ROWS
from tests.integration.path.steps import land, settle

_COLUMNS = ", ".join(["id", *TYPES])


def _insert(exporter: Exporter, rows: Sequence[Mapping[str, str | None]]) -> None:
    exporter.admin.execute(
        "TRUNCATE kinds, copies, waybill.ingestion_jobs, waybill.validation_errors CASCADE"
    )
    values = ", ".join(f"%s::text::{kind}" for kind in TYPES.values())
    for number, row in enumerate(rows):
        exporter.admin.execute(
            f"INSERT INTO kinds ({_COLUMNS}) VALUES ({number}, {values})",
            [row.get(name) for name in TYPES],
        )


def _texts(exporter: Exporter, table: str) -> list[tuple[object, ...]]:
    # As text, which also tells zero from minus zero, and 1.0 from 1.
    columns = ", ".join(f"{name}::text" for name in TYPES)
    return exporter.admin.execute(f"SELECT {columns} FROM {table} ORDER BY id").fetchall()


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet", "arrow"])
@settings(
    max_examples=8,
    deadline=None,
    # An example takes a second, and shrinking one minutes.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_rows_come_back_as_they_were(
    exporter: Exporter, file_format: str, data: st.DataObject
) -> None:
    rows = data.draw(ROWS)
    for row in rows:
        if file_format == "jsonl" and row["doc"] == "null":
            # In a record of JSON it is the same as no value.
            row["doc"] = None
    _insert(exporter, rows)
    (exported,) = exporter.export("kinds", file_format)
    land(exporter.cloud, "copies", f"kinds.{file_format}", exported)
    settle(exporter.cloud)
    job = exporter.admin.execute("SELECT state, error FROM waybill.ingestion_jobs").fetchone()
    rejects = exporter.admin.execute("SELECT line, errors FROM waybill.validation_errors")
    assert (job, rejects.fetchall()) == (("COMPLETED", None), [])
    assert _texts(exporter, "copies") == _texts(exporter, "kinds")


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet", "arrow"])
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=BEYOND_ROWS)
def test_values_beyond_those_of_files_come_back_or_are_refused(
    exporter: Exporter, file_format: str, rows: list[dict[str, str]]
) -> None:
    _insert(exporter, rows)
    export = exporter.create("kinds", file_format)
    exporter.work(export)
    document = exporter.document(export, "kinds")
    if document["state"] == "FAILED":
        assert file_format in ("parquet", "arrow")
        assert document["error"]["type"] == "not-representable"
        column = document["error"]["detail"].split()[1]
        assert any(column in row for row in rows)
        return
    (exported,) = exporter.files(document)
    land(exporter.cloud, "copies", f"kinds.{file_format}", exported)
    settle(exporter.cloud)
    states = exporter.admin.execute("SELECT state FROM waybill.ingestion_jobs").fetchall()
    assert states[0][0].startswith("COMPLETED")
    rejects = exporter.admin.execute("SELECT line, errors FROM waybill.validation_errors")
    first = 2 if file_format == "csv" else 1
    refused = {line - first: {each["column"] for each in errors} for line, errors in rejects}
    assert all(columns <= set(rows[number]) for number, columns in refused.items())
    before, after = _texts(exporter, "kinds"), _texts(exporter, "copies")
    assert after == [row for number, row in enumerate(before) if number not in refused]
