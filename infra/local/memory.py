"""What the local stack remembers between commands: `stack.json` in its home."""

import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel

from infra.local.processes import Process


class Memory(BaseModel):
    """The stack as the last command left it."""

    emulator: Process | None = None
    emulator_port: int | None = None
    database_port: int | None = None
    assembly: str | None = None
    """Name of the assembly that is deployed; None while a start is under way."""
    outputs: dict[str, str] = {}
    announced_at: datetime = datetime.min.replace(tzinfo=UTC)
    """Objects from then on may not have been seen to their end."""

    @classmethod
    def of(cls, home: Path) -> "Memory":
        """What `home` remembers; nothing when it is new."""
        file = home / "stack.json"
        return cls.model_validate_json(file.read_text()) if file.exists() else cls()

    def keep(self, home: Path) -> None:
        """Write it, whole or not at all."""
        part = home / f"stack.json.{os.getpid()}"
        part.write_text(self.model_dump_json(indent=1))
        part.replace(home / "stack.json")
