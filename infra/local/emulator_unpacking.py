"""Packages of functions are unpacked once, and shared by the processes that run them.

The emulator unpacks them again for each process: 5,000 files of 240 MB, which takes seconds in
which it answers slowly. Loaded as a script by the emulator's process, so it imports nothing of
the project.
"""

import hashlib
import shutil
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path

# Prevents that two processes which start at once unpack the same package into one folder.
_UNPACKING = threading.Lock()


class Packages:
    """In place of `zipfile` where the emulator unpacks the packages of a process."""

    BadZipFile = zipfile.BadZipFile
    LargeFileError = zipfile.LargeZipFile

    def __init__(self, folder: Path) -> None:
        # What an earlier emulator left; its packages may be old.
        shutil.rmtree(folder, ignore_errors=True)
        self._folder = folder

    def ZipFile(self, file: str) -> "Package":  # noqa: N802 - as in zipfile
        """The package in the file."""
        return Package(Path(file), self._folder)


class Package:
    """A package, of which a process sees the shared copy."""

    def __init__(self, file: Path, folder: Path) -> None:
        with file.open("rb") as content:
            name = hashlib.file_digest(content, "sha256").hexdigest()
        self._file = file
        self._shared = folder / name

    def __enter__(self) -> "Package":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def namelist(self) -> Sequence[str]:
        """The names that are to be checked: none once the package is unpacked."""
        if self._shared.exists():
            return ()
        with zipfile.ZipFile(self._file) as package:
            return package.namelist()

    def extractall(self, folder: str) -> None:
        """Let `folder`, which is empty, be the shared copy; the file is deleted."""
        with _UNPACKING:
            if not self._shared.exists():
                self._unpack()
        empty = Path(folder)
        empty.rmdir()
        empty.symlink_to(self._shared, target_is_directory=True)
        self._file.unlink()

    def _unpack(self) -> None:
        part = self._shared.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        with zipfile.ZipFile(self._file) as package:
            package.extractall(part)
        part.rename(self._shared)
