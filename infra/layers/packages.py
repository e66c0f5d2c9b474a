"""The third-party packages of a layer, for Lambda's platform, without Docker."""

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra.bootstrap import ROOT
from infra.layers.bytecode import compile_bytecode, interpreter
from infra.layers.sources import BUILD, lay_own_code
from infra.layers.target import PLATFORM, PYTHON
from infra.uv import run_uv

_BUNDLE = ROOT / "layers" / "core" / "rds-global-bundle.pem"
_UNUSED = (
    "**/__pycache__",
    "bin",
    "numpy/**/tests",
    # What pyarrow needs only to be built against, tested, or to reach other systems than files;
    # the libraries that its core links to stay, compute, acero, dataset and substrait included.
    *(f"pyarrow/{name}" for name in ("tests", "include", "includes", "src")),
    *(f"pyarrow/**/*.{suffix}" for suffix in ("pyx", "pxd", "pxi", "pyi", "h", "cc")),
    "pyarrow/*flight*",
    "pyarrow/*gandiva*",
    "pyarrow/*orc.cpython*",
    "pyarrow/*s3fs*",
    "pyarrow/libarrow_s3*",
    "pyarrow/*gcsfs*",
    "pyarrow/*azurefs*",
    "pyarrow/*hdfs*",
    "pyarrow/*cuda*",
    "pyarrow/*_pyarrow_cpp_tests*",
    # A wheel has no symbolic links: the linker's names are whole copies.
    "pyarrow/libarrow_python*.so",
    "pyarrow/libarrow_python*.so.*.*.*",
)


class LayerError(Exception):
    """A layer cannot be built; the message says why and what to do."""


def lock_of(layer: str) -> Path:
    """The layer's locked requirements, with hashes."""
    return ROOT / "layers" / layer / "requirements.txt"


def packages(layer: str, build: Path = BUILD) -> Path:
    """A folder with `python/<packages>` of `layer`; built once for a lock and a strip list.

    Raises:
        LayerError: the packages could not be installed.
    """
    content = (
        lock_of(layer).read_bytes()
        + repr((PYTHON, PLATFORM, _UNUSED, interpreter() is not None)).encode()
    )
    kept = build / "layers" / f"{layer}-{hashlib.sha256(content).hexdigest()[:16]}"
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
            fresh = Path(scratch) / layer
            _install(layer, fresh / "python")
            _strip(fresh / "python")
            compile_bytecode(fresh / "python")
            # A concurrent build has the same content.
            if not kept.is_dir():
                fresh.rename(kept)
    return kept


def core_layer(build: Path) -> Path:
    """The core layer as Lambda gets it: packages, the library, `sql/`, Aurora's root CAs."""
    target = build / "layers" / "core"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(packages("core"), target)
    lay_own_code(target)
    shutil.copy(_BUNDLE, target / "python" / "waybill" / _BUNDLE.name)
    compile_bytecode(target / "python" / "waybill")
    return target


def _install(layer: str, target: Path) -> None:
    sys.stderr.write(f"Fetching the packages of the layer {layer} (once for each lock).\n")
    arguments = ["pip", "install", "--quiet", "--target", str(target)]
    arguments += ["--python", sys.executable, "--python-version", PYTHON]
    arguments += ["--python-platform", PLATFORM, "--only-binary", ":all:"]
    arguments += ["--no-deps", "--require-hashes", "--requirements", str(lock_of(layer))]
    ended = run_uv(*arguments)
    if ended.returncode:
        raise LayerError(
            f"uv could not install layers/{layer}/requirements.txt for Lambda; is the package"
            f" index reachable?\n{ended.stderr.strip()}"
        )


def _matches(folder: Path) -> Iterator[Path]:
    for pattern in _UNUSED:
        yield from folder.glob(pattern)


def _strip(folder: Path) -> None:
    for path in list(_matches(folder)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
