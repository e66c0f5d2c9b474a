"""Packages of functions are unpacked once, and shared by the processes that run them.

The emulator unpacks them again for each process, and keeps them as long as it runs: 500 files that
take 3 MB of the disk, and 0.1 s. What is shared is read-only, as a function's code is on AWS.
Loaded as a script by the emulator's process, so it imports nothing of the project.
"""

import hashlib
import os
import shutil
import stat
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path

# Prevents that two processes which start at once unpack the same package into one folder.
_UNPACKING = threading.Lock()
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class Packages:
    """In place of `zipfile` where the emulator unpacks the packages of a process."""

    BadZipFile = zipfile.BadZipFile
    LargeFileError = zipfile.LargeZipFile

    def __init__(self, folder: Path) -> None:
        # What an earlier emulator left: its functions may have changed it. An error if it stays.
        discard(folder)
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
        discard(part)
        with zipfile.ZipFile(self._file) as package:
            package.extractall(part)
        _protect(part)
        part.rename(self._shared)


def discard(folder: Path) -> None:
    """Delete the folder if it is there, with what is read-only in it.

    Raises:
        OSError: something of it cannot be deleted.
    """
    if not folder.exists():
        return
    for path, _, _ in os.walk(folder):
        # Nothing can be deleted from a read-only folder.
        if not os.access(path, os.W_OK):
            Path(path).chmod(stat.S_IRWXU)
    shutil.rmtree(folder)


def _protect(folder: Path) -> None:
    for path, _, files in os.walk(folder, topdown=False):
        for each in (*(Path(path, name) for name in files), Path(path)):
            each.chmod(stat.S_IMODE(each.stat().st_mode) & ~_WRITABLE)
