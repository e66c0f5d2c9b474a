"""The dataset of a file is suggested by its name, its header, or the names that it describes."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.binary.encode import ENCODERS
from tests.unit.binary.workbooks import sheet_xml, workbook
from waybill_client.errors import ClientError
from waybill_client.suggest import suggest_dataset

DATASETS: list[dict[str, Any]] = [
    {"name": name, "schema": {"properties": {key: {} for key in columns}}}
    for name, columns in (
        ("ships", ("hull", "tons", "built")),
        ("harbours", ("port", "berths", "country")),
    )
]


def write(path: Path, name: str, data: bytes) -> Path:
    file = path / name
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("file_format", ENCODERS)
def test_a_binary_file_is_recognised_by_the_names_of_its_columns(
    tmp_path: Path, file_format: str
) -> None:
    table = pa.table({"Port": ["x"], "berths": [1], "country": ["y"]})
    file = write(tmp_path, "export.bin", ENCODERS[file_format](table))
    assert suggest_dataset(file, DATASETS) == "harbours"


def test_a_workbook_is_recognised_by_its_header(tmp_path: Path) -> None:
    sheet = sheet_xml({1: {"A": "Hull", "B": "tons", "C": "built"}})
    file = write(tmp_path, "export.xlsx", workbook({"S": sheet}))
    assert suggest_dataset(file, DATASETS) == "ships"


@pytest.mark.parametrize("data", [b"PK\x03\x04 no archive", b"PAR1\0", b"\xff\xff\xff\xff", b""])
def test_of_a_damaged_file_only_the_name_counts(tmp_path: Path, data: bytes) -> None:
    assert suggest_dataset(write(tmp_path, "ships.x", data), DATASETS) == "ships"
    with pytest.raises(ClientError, match="which dataset"):
        suggest_dataset(write(tmp_path, "export.x", data), DATASETS)


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        ({"quote": "'"}, "'port','berths, all','country'"),
        ({"quote": None, "delimiter": "\x01"}, 'port\x01"berths, all"\x01country'),
        ({"escape": "\\"}, 'port,"\\"berths\\", all",country'),
        ({"quote": None, "escape": "\\"}, "port|berths\\|all|country"),
        ({"quote": None, "escape": '"'}, 'port,berths",all,country'),
        ({"escape": "\\"}, "port,berths\\all,country"),
        ({"escape": "\\", "escape_codes": True}, "port,berths\\,all,country"),
    ],
)
def test_a_header_is_read_in_the_dialect_of_the_dataset(
    tmp_path: Path, rules: dict[str, object], line: str
) -> None:
    schema: dict[str, object] = {"properties": {"port": {}, "berths_all": {}, "country": {}}}
    datasets = [*DATASETS, {"name": "quays", "schema": schema, **rules}]
    file = write(tmp_path, "export.txt", f"{line}\n".encode())
    assert suggest_dataset(file, datasets) == "quays"
