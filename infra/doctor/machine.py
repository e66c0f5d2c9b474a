"""Checks of the machine that the local stack runs on."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.doctor.findings import Check, Finding, ok, wrong
from infra.local.status import Status

EXPECTED = (OSError,)
_LEAST_FREE_GB = 2.0
_LEAST_PYTHON = (3, 11)


class MachineChecks:
    """The checks of this machine and of the stack in the folder `home`."""

    def __init__(self, home: Path, status: Status) -> None:
        self._home = home
        self._status = status

    def all(self) -> Iterator[tuple[str, Check]]:
        """Each check by name."""
        yield "python", self.python
        yield "disk", self.disk
        yield "privacy", self.privacy
        yield "stack", self.stack

    def python(self) -> Finding:
        """This Python is supported."""
        version = ".".join(map(str, sys.version_info[:3]))
        if sys.version_info[:2] < _LEAST_PYTHON:
            return wrong("python", version, "Use Python 3.11 or newer.")
        return ok("python", version)

    def disk(self) -> Finding:
        """There is space for the database and the emulator."""
        existing = next(one for one in (self._home, *self._home.parents) if one.exists())
        free = shutil.disk_usage(existing).free / 1e9
        if free < _LEAST_FREE_GB:
            advice = "Free some space, or set WAYBILL_HOME to a folder elsewhere."
            return wrong("disk", f"{free:.1f} GB free at {existing}", advice)
        return ok("disk", f"{free:.0f} GB free")

    def privacy(self) -> Finding:
        """Files with keys and passwords are readable by their owner only."""
        open_files = [
            str(path)
            for path in self._home.glob("*")
            if path.is_file() and path.stat().st_size and path.stat().st_mode & 0o077
        ]
        if open_files:
            found = ", ".join(open_files)
            return wrong("privacy", found, f"chmod 600 {' '.join(open_files)}")
        return ok("privacy", "no file is readable by others")

    def stack(self) -> Finding:
        """The local stack runs."""
        if self._status.state != "up":
            advice = "Start it with `make up`; after a crash `make restart`."
            return wrong("stack", self._status.state, advice)
        return ok("stack", f"up, {self._status.api}")
