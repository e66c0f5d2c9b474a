"""What each function imports before its first request: what it needs, and nothing else."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from infra.functions import SPECS
from infra.layers.bytecode import interpreter
from tests.infra.first_calls import built_layers, first_call, source_of
from tests.programs import require_in_ci

# Each keeps its metrics in S3 at the end of the first request; boto3 itself imports s3transfer.
_ALL = {"aws_lambda_powertools", "boto3", "botocore", "pydantic", "s3transfer", "urllib3"}
_DATABASE = {"aiosql", "psycopg", "tenacity"}
# Arrow encodes the rows of every chunk and batch.
_ROWS = {"numpy", "pgpq", "pyarrow"}
_TOKENS = {"cryptography", "jwt"}
_OTHERS = {"aws_xray_sdk", "pymysql", "python_multipart", "valkey", "httpx", "rich", "typer"}
_KNOWN = _ALL | _DATABASE | _ROWS | _TOKENS | _OTHERS
# Of those that are not listed: the database.
NEEDED: Mapping[str, set[str]] = MappingProxyType(
    {
        "upload": {"python_multipart"},
        # It reads the head of every object.
        "plan": _DATABASE | {"numpy"},
        "load": _DATABASE | _ROWS,
        "batch": _DATABASE | _ROWS,
        # Databases are sources, too, of either kind; their queries are in files.
        "extract": {"aiosql", "psycopg", "pymysql"},
        "notify": set(),
        # Files come with previews only.
        "datasets": set(),
        "metrics": set(),
        "docs": set(),
        "admin": set(),
        "authorizer": _TOKENS,
        "console": set(),
    }
)


@pytest.fixture(scope="module")
def python() -> Path:
    return interpreter() or require_in_ci("Python 3.13, which Lambda runs, is not installed")


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return built_layers(tmp_path_factory.mktemp("layers"))


@pytest.mark.parametrize("name", SPECS)
def test_a_function_imports_what_it_needs(
    python: Path, layers: Mapping[str, Path], name: str, tmp_path: Path
) -> None:
    found = first_call(python, layers, SPECS[name], source_of(SPECS[name], tmp_path))
    assert found.packages & _KNOWN == _ALL | NEEDED.get(name, _DATABASE)
    # It came as far as a call, so that the benchmark measures it.
    assert found.ended in ("called", "answered")
