"""The state of the local stack between commands: `stack.json` in its home folder."""

import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel

from infra.local.processes import Process


class StackState(BaseModel):
    """The stack as the last command left it."""

    emulator: Process | None = None
    emulator_port: int | None = None
    database: str | None = None
    """Which database has loaded the files of this home."""
    database_port: int | None = None
    assembly: str | None = None
    """Name of the deployed assembly; None while the stack starts."""
    outputs: dict[str, str] = {}
    events_emitted_at: datetime = datetime.min.replace(tzinfo=UTC)
    """Objects written at or after this time may not have been processed."""

    @classmethod
    def load(cls, home: Path) -> "StackState":
        """The state saved in `home`, or an empty one."""
        file = home / "stack.json"
        return cls.model_validate_json(file.read_text()) if file.exists() else cls()

    def save(self, home: Path) -> None:
        """Write the file atomically, readable by its owner only."""
        part = home / f"stack.json.{os.getpid()}"
        part.touch(mode=0o600)
        part.write_text(self.model_dump_json(indent=1))
        part.replace(home / "stack.json")
