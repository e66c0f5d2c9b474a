"""Functions run from the built layers under Lambda's Python, isolated from this environment."""

import json
import os
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest

from infra.bootstrap import ROOT
from infra.functions import SPECS
from infra.layers.bytecode import interpreter
from infra.layers.packages import core_layer, packages
from infra.layers.sources import function_source
from tests.programs import require_in_ci
from tests.unit.binary.encode import ENCODERS, parquet
from tests.unit.binary.workbooks import sheet_xml, workbook
from tests.unit.columns.contracts import column, contract

RUN = """
import importlib, json, sys
sys.path[:0] = json.loads(sys.argv[1])
handler = importlib.import_module(sys.argv[2] + ".handler")
assert callable(handler.handle)
if len(sys.argv) > 3:
    class Context:
        function_name = "waybill-test"
        memory_limit_in_mb = 512
        invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:waybill-test"
        aws_request_id = "00000000-0000-0000-0000-000000000000"
        def get_remaining_time_in_millis(self):
            return 29000
    print(json.dumps(handler.handle(json.loads(sys.argv[3]), Context())))
"""
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_SERVICE_NAME": "waybill",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "PATH": os.environ["PATH"],
}


@pytest.fixture(scope="module")
def python() -> Path:
    return interpreter() or require_in_ci("Python 3.13, which Lambda runs, is not installed")


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        "core": core_layer(tmp_path_factory.mktemp("layers")) / "python",
        "arrow": packages("arrow") / "python",
        "auth": packages("auth") / "python",
        "cache": packages("cache") / "python",
    }


def _run(
    python: Path, layers: dict[str, Path], name: str, folder: Path, *event: str
) -> subprocess.CompletedProcess[str]:
    spec = SPECS[name]
    path = [str(function_source(spec, folder)), *(str(layers[one]) for one in spec.layers)]
    return subprocess.run(
        [str(python), "-I", "-S", "-W", "error", "-c", RUN, json.dumps(path), spec.module, *event],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", SPECS)
def test_a_function_starts_with_its_layers_alone(
    python: Path, layers: dict[str, Path], name: str, tmp_path: Path
) -> None:
    ended = _run(python, layers, name, tmp_path)
    assert ended.returncode == 0, ended.stderr


def test_a_request_is_answered_under_lambdas_python(
    python: Path, layers: dict[str, Path], tmp_path: Path
) -> None:
    event = (ROOT / "events" / "docs.json").read_text()
    ended = _run(python, layers, "docs", tmp_path, event)
    assert ended.returncode == 0, ended.stderr
    response = json.loads(ended.stdout.splitlines()[-1])
    assert response["statusCode"] == 200


@pytest.mark.usefixtures("python")
def test_layers_carry_bytecode_of_lambdas_python(layers: dict[str, Path]) -> None:
    for folder in (*layers.values(), layers["core"] / "waybill"):
        sources = {
            path.relative_to(folder)
            for path in folder.rglob("*.py")
            if not path.relative_to(folder).as_posix().startswith("waybill/sql")
        }
        compiled = {
            path.parent.parent.relative_to(folder) / f"{path.name.partition('.')[0]}.py"
            for path in folder.rglob("*.cpython-313.pyc")
        }
        # Templates of packages are no valid Python, and have none.
        assert len(sources & compiled) > 0.98 * len(sources), folder


DECODE = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from waybill.binary.layout import binary_layout
from waybill.binary.reading import read_binary
from waybill.binary.recognise import binary_format
from waybill.binary.source import BytesSource
from waybill.contract.model import Contract
from waybill.records.chunking import ChunkRange
from waybill.records.compression import Limits
contract = Contract.model_validate_json(sys.argv[2])
source = BytesSource(sys.stdin.buffer.read())
layout = binary_layout(source, binary_format(source.data), contract)
part = ChunkRange(0, source.size, layout.first_line)
blocks = list(read_binary(source, layout, contract, part, Limits()))
print(json.dumps([array.to_pylist() for block in blocks for array in block.texts]))
"""
BINARY = {
    "brotli": parquet(pa.table({"a": [1, 2], "b": ["x", "y"]}), compression="brotli"),
    "lz4": parquet(pa.table({"a": [1, 2], "b": ["x", "y"]}), compression="lz4"),
    "arrow": ENCODERS["arrow-stream"](pa.table({"a": [1, 2], "b": ["x", "y"]})),
    "xlsx": workbook({"S": sheet_xml({1: {"A": "a", "B": "b"}, 2: {"A": 1, "B": "x"},
                                      3: {"A": 2, "B": "y"}})}),
}  # fmt: skip


@pytest.mark.parametrize("name", BINARY)
def test_binary_files_are_decoded_with_the_built_layers(
    python: Path, layers: dict[str, Path], name: str
) -> None:
    things = contract(column("a", "int4"), column("b", "text"))
    path = [str(layers[one]) for one in ("core", "arrow")]
    done = subprocess.run(
        [python, "-I", "-c", DECODE, json.dumps(path), things.model_dump_json()],
        check=False,
        capture_output=True,
        env=ENVIRONMENT,
        input=BINARY[name],
    )
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == [["1", "2"], ["x", "y"]]
