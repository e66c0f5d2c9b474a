"""Exports whose values have no place in the format, or whose columns change meanwhile."""

import json
from typing import Any

import pytest

from tests.integration.exports.conftest import Exporter
from tests.integration.exports.test_progress import _FILL, step
from waybill.database.exports import Exports


@pytest.mark.parametrize("file_format", ["parquet", "arrow"])
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("money", "NaN"),
        ("day", "infinity"),
        ("day", "0044-03-15 BC"),
        ("naive", "-infinity"),
        ("instant", "294276-01-01"),
    ],
)
def test_a_value_without_a_place_in_the_format_fails_the_export(
    exporter: Exporter, file_format: str, column: str, value: str
) -> None:
    exporter.admin.execute(f"INSERT INTO kinds (id, {column}) VALUES (1, %s)", (value,))
    export = exporter.create("kinds", file_format)
    exporter.work(export)
    document = exporter.document(export, "kinds")
    assert (document["state"], document["error"]["type"]) == ("FAILED", "not-representable")
    assert f"Column {column} has" in document["error"]["detail"]
    (data,) = exporter.export("kinds", "csv")
    assert value.encode() in data


@pytest.mark.parametrize("file_format", ["csv", "parquet", "arrow"])
def test_numbers_that_are_none_have_a_place_among_floats_and_texts(
    exporter: Exporter, file_format: str
) -> None:
    exporter.admin.execute(
        "INSERT INTO kinds (id, twice, single, exact) VALUES (1, 'NaN', 'Infinity', '-Infinity')"
    )
    (data,) = exporter.export("kinds", file_format)
    assert data


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE kinds ALTER whole TYPE text",
        "ALTER TABLE kinds DROP whole",
        "ALTER TABLE kinds ADD later integer DEFAULT 7",
        "ALTER TABLE kinds RENAME whole TO entire",
    ],
)
@pytest.mark.parametrize("begun", [0, 2])
def test_an_export_has_the_columns_of_its_run(
    exporter: Exporter, change: str, begun: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPORT_FILE_BYTES", "10000")
    exporter.admin.execute(_FILL, (1, 3000))
    export = exporter.create("kinds", "jsonl")
    for _ in range(begun):
        step(export)
    exporter.admin.execute(change)
    exporter.work(export)
    document = exporter.document(export, "kinds")
    assert (document["state"], document["error"]) == ("COMPLETED", None)
    rows = [json.loads(line) for data in exporter.files(document) for line in data.splitlines()]
    assert sorted(row["id"] for row in rows) == list(range(1, 3001))
    assert len({tuple(row) for row in rows}) == 1


def test_a_table_that_is_rewritten_while_it_is_read_is_read_again(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter.admin.execute(_FILL, (1, 300))
    export = exporter.create("kinds", "jsonl")
    step(export)
    kept = Exports.lines

    def lines(self: Exports, *args: Any) -> Any:
        # The snapshot was taken, and the table is not locked yet.
        monkeypatch.setattr(Exports, "lines", kept)
        exporter.admin.execute("ALTER TABLE kinds ALTER whole TYPE text")
        return kept(self, *args)

    monkeypatch.setattr(Exports, "lines", lines)
    exporter.work(export)
    document = exporter.document(export, "kinds")
    assert (document["state"], document["attempt"]) == ("COMPLETED", 2)
    (data,) = exporter.files(document)
    assert len(data.splitlines()) == 300
