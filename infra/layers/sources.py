"""Assets of our own code: what goes into a function's package and into the core layer."""

import shutil
from pathlib import Path

from infra.bootstrap import ROOT
from infra.functions import FunctionSpec

BUILD = ROOT / ".build"
_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


def _laid_anew(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def function_source(spec: FunctionSpec, build: Path = BUILD) -> Path:
    """A folder with the function's own package and the `__init__.py` files above it, only.

    A function cannot import another one, since the other is not there.
    """
    target = _laid_anew(build / "functions" / spec.name)
    package = Path(*spec.module.split("."))
    shutil.copytree(ROOT / package, target / package, ignore=_IGNORED)
    for parent in list(package.parents)[:-1]:
        shutil.copy(ROOT / parent / "__init__.py", target / parent / "__init__.py")
    return target


def lay_own_code(target: Path) -> None:
    """Put the library, and `sql/` beside it, into `target/python/waybill`."""
    package = target / "python" / "waybill"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(ROOT / "layers" / "core" / "python" / "waybill", package, ignore=_IGNORED)
    shutil.copytree(ROOT / "sql", package / "sql", ignore=_IGNORED)


def own_core_layer(build: Path = BUILD) -> Path:
    """The core layer without third-party packages, for an interpreter that has them."""
    target = _laid_anew(build / "layers" / "core-own")
    lay_own_code(target)
    return target
