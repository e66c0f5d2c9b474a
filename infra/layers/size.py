"""Lambda's limit for the size of a function, and the sizes of ours."""

from pathlib import Path

from infra.bootstrap import ROOT

LIMIT_BYTES = 250 * 1024**2
"""A function's package and its layers together, unpacked."""


def size_of(folder: Path) -> int:
    """Bytes of all files below the folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def heaviest_function() -> int:
    """Bytes of the largest function package."""
    return max(
        size_of(path)
        for path in (ROOT / "functions").rglob("*")
        if (path / "settings.py").is_file()
    )
