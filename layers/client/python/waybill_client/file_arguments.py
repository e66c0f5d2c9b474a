"""The files that a command names: paths, patterns, and `-` for standard input."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import glob, has_magic
from pathlib import Path

from waybill_client.errors import ClientError

STDIN = "-"


def is_file_argument(word: str) -> bool:
    """Whether it names files: an existing one, a pattern, or standard input."""
    return word == STDIN or has_magic(word) or Path(word).is_file()


@contextmanager
def files_of(words: Sequence[str], stdin_name: str) -> Iterator[list[Path]]:
    """The files of the arguments, in order, each once; standard input is copied to a file.

    Raises:
        ClientError: there is no such file, or a pattern matches none.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield list(dict.fromkeys(_expanded(words, Path(folder) / Path(stdin_name).name)))


def _expanded(words: Sequence[str], copy: Path) -> Iterator[Path]:
    for word in dict.fromkeys(words):
        if word == STDIN:
            with copy.open("wb") as target:
                shutil.copyfileobj(sys.stdin.buffer, target)
            yield copy
        elif Path(word).is_file():
            yield Path(word)
        elif has_magic(word):
            found = [one for one in map(Path, _matches(word)) if one.is_file()]
            if not found:
                raise ClientError(f"No file matches {word}.")
            yield from found
        else:
            is_folder = Path(word).is_dir()
            raise ClientError(f"{word} is a folder." if is_folder else f"There is no file {word}.")


def _matches(pattern: str) -> list[str]:
    # Path.glob refuses absolute patterns.
    return sorted(glob(pattern, recursive=True))  # noqa: PTH207
