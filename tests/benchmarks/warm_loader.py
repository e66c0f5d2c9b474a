"""A process with the function `load`, as one of Lambda's sandboxes that is warm."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from tests.postgres.databases import Database
from tests.stateful.fake_aws import Message


class WarmLoader:
    """Runs `loaders.load_messages`, which takes a message at a time."""

    def __init__(self, database: Database) -> None:
        program = [sys.executable, "-m", "tests.benchmarks.loaders.load_messages"]
        command = [*program, str(database.port), database.name]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.used: dict[str, float] = {}
        """CPU seconds since it was ready (`cpu`), and the peak of its memory (`megabytes`)."""

    def wait_until_ready(self) -> None:
        """Until its modules are imported."""
        self.used = self._answer()["used"]

    def run(
        self, message: Message, objects: Mapping[str, Path | str]
    ) -> Iterator[tuple[str, Message]]:
        """Load it; yields the messages that it sends, each with its queue, as it sends them."""
        contents = {key: str(content) for key, content in objects.items()}
        self._stdin.write(json.dumps({"message": vars(message), "objects": contents}) + "\n")
        self._stdin.flush()
        while "used" not in (answer := self._answer()):
            yield answer["queue"], Message(**answer["message"])
        self.used = answer["used"]

    def close(self) -> None:
        """Let it end."""
        self._stdin.close()
        self._process.wait()

    @property
    def _stdin(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())
