"""Datasets inferred from whole files, without an API."""

import re
from pathlib import Path

import pytest

from infra.local.infer import infer_file
from waybill_client.errors import ClientError


def test_every_record_of_a_long_file_counts(tmp_path: Path) -> None:
    file = tmp_path / "ships.csv"
    with file.open("w") as out:
        out.write("id,tons,note\n")
        out.writelines(f"{number},{number}.5,{'x' * 60}\n" for number in range(90_000))
        # Beyond the first pieces that are read: no number any more.
        out.write("90000,heavy,x\n")
    assert file.stat().st_size > 4 * 1024**2
    found = infer_file(file, "ships", None)
    types = {column["name"]: column["type"] for column in found["columns"]}
    assert (types["id"], types["tons"]) == ("integer", "text")
    assert re.match(r"-- Proposed from 90,?001 records, the whole file", found["sql"])


def test_what_cannot_be_read_is_one_error(tmp_path: Path) -> None:
    file = tmp_path / "ships.csv"
    file.write_text("id,tons\n1,2\n")
    with pytest.raises(ClientError, match="--header is present or absent"):
        infer_file(file, "ships", "perhaps")
    file.write_bytes(b"PAR1" + bytes(20) + b"PAR1")
    with pytest.raises(ClientError, match="damaged"):
        infer_file(file, "ships", None)
