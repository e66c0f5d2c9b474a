"""Rows as the data frames of libraries that the client does not depend on."""

import sys
from types import ModuleType

import pyarrow as pa
import pytest

from waybill_client import Rows
from waybill_client.errors import ClientError

ROWS = Rows([{"id": 1, "name": "Ada", "mean": None}, {"id": 2, "name": None, "mean": 1.5}])


def test_rows_become_an_arrow_table() -> None:
    table = ROWS.to_arrow()
    assert table.schema.names == ["id", "name", "mean"]
    assert table.schema.types == [pa.int64(), pa.string(), pa.float64()]
    assert table.to_pylist() == list(ROWS)


def test_libraries_read_the_rows_as_a_stream() -> None:
    assert pa.RecordBatchReader.from_stream(ROWS).read_all().to_pylist() == list(ROWS)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_rows_become_a_data_frame(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    made = ModuleType(library)
    made.DataFrame = lambda rows, **_: ("frame", rows)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, library, made)
    assert getattr(ROWS, f"to_{library}")() == ("frame", list(ROWS))


@pytest.mark.parametrize("library", ["arrow", "pandas", "polars"])
def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    package = "pyarrow" if library == "arrow" else library
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ClientError, match=f"pip install {package}"):
        getattr(ROWS, f"to_{library}")()
