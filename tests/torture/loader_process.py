"""A loader as a process of its own, which can be killed and measured."""

import multiprocessing
import os
import resource
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import IO, Any, NamedTuple

import boto3
import pytest

from functions.pipeline.load.handler import handle
from tests.cloud.lambda_events import Context, sqs_event
from tests.postgres.databases import PASSWORD
from tests.stateful.fake_aws import FakeS3, FakeSecrets, FakeSqs, Message

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


class Part(NamedTuple):
    """An object in a file, and where in it a read stops."""

    file: IO[bytes]
    end: int

    def read(self, size: int) -> bytes:
        return self.file.read(min(size, self.end - self.file.tell()))

    def close(self) -> None:
        self.file.close()


class FileS3(FakeS3):
    """One object, read from a file as it is requested."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def get_object(self, **call: Any) -> dict[str, Any]:
        first, last = call["Range"].removeprefix("bytes=").split("-")
        file = self._path.open("rb")
        file.seek(int(first))
        return {"Body": Part(file, int(last) + 1)}


class ReportingSqs(FakeSqs):
    """Queues of this process that the parent hears of: what was sent outlives the sender."""

    def __init__(self, queues: dict[str, list[Message]], out: Connection) -> None:
        super().__init__(queues)
        self._out = out

    def send_message_batch(self, **call: Any) -> dict[str, Any]:
        for entry in call["Entries"]:
            self._out.send(("sent", call["QueueUrl"], entry["MessageBody"]))
        return super().send_message_batch(**call)

    def send_message(self, **call: Any) -> dict[str, Any]:
        self._out.send(("sent", call["QueueUrl"], call["MessageBody"]))
        return super().send_message(**call)


def _load(
    environment: Mapping[str, str], path: Path, bodies: list[str], most_bytes: int, out: Connection
) -> None:
    os.environ.update(environment)
    if most_bytes:
        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))
    waiting = [Message(body) for body in bodies]
    fakes: dict[str, Any] = {
        "s3": FileS3(path),
        "sqs": ReportingSqs({"chunks": waiting, "merges": []}, out),
        "secretsmanager": FakeSecrets(PASSWORD),
    }
    pytest.MonkeyPatch().setattr(boto3, "client", lambda name, **_: fakes[name])
    out.send(("ready", "", ""))
    while waiting:
        body = waiting.pop(0).body
        if handle(sqs_event(body), Context())["batchItemFailures"]:
            return
        out.send(("done", "chunks", body))
    out.send(("peak", "", str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)))


class LoaderProcess:
    """Stages chunks of the object in a file, in a fresh process, from the queues of a cloud."""

    def __init__(
        self, path: Path, queues: dict[str, list[Message]], *, most_bytes: int = 0
    ) -> None:
        self._queues = queues
        self._messages, out = _CONTEXT.Pipe(duplex=False)
        bodies = [message.body for message in queues["chunks"]]
        given = (dict(os.environ), path, bodies, most_bytes, out)
        self._process: ForkServerProcess = _CONTEXT.Process(target=_load, args=given, daemon=True)
        self._process.start()
        out.close()
        assert self._messages.recv()[0] == "ready"

    def kill(self) -> bool:
        """SIGKILL; whether it was still at work."""
        self._process.kill()
        self._process.join()
        return self._hear() is None

    def peak_megabytes(self) -> int:
        """Wait for its end; its peak of resident memory."""
        peak = self._hear()
        self._process.join()
        assert peak, "the loader failed"
        return int(peak)

    def _hear(self) -> str | None:
        """Do to the queues what the process did; its peak, if it came to its end."""
        with self._messages, suppress(EOFError):
            while True:
                what, queue, body = self._messages.recv()
                if what == "sent":
                    self._queues[queue].append(Message(body))
                elif what == "done":
                    bodies = [message.body for message in self._queues[queue]]
                    self._queues[queue].pop(bodies.index(body))
                elif what == "peak":
                    return str(body)
        return None
