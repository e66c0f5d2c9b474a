"""Runs the process that decodes a file, and serves its requests for bytes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, suppress
from typing import Any, BinaryIO, cast

from waybill.binary.frames import (
    ANSWER,
    BATCH,
    DATA,
    END,
    ERROR,
    RANGE,
    READ,
    TASK,
    read_frame,
    write_frame,
)
from waybill.binary.source import Source
from waybill.binary.task import Task
from waybill.errors import Rejected, Retryable, Transient

_ENVIRONMENT = {
    # The limit of memory holds for the system's allocator only, and an arena per thread is too
    # much for it.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
_CRASHES = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)


def describe(source: Source, task: Task) -> dict[str, Any]:
    """The description of the file.

    Raises:
        Rejected: `corrupt-file`, `unsupported-file` or `decompression-limit`.
        Retryable: the process was ended from outside, or the source cannot be read.
    """
    with closing(_frames(source, task)) as frames:
        return cast(dict[str, Any], json.loads(next(frames)))


def batches(source: Source, task: Task) -> Generator[bytes, None, None]:
    """The batches of texts of the task's part, each as an Arrow stream.

    Raises:
        Rejected, Retryable: as `describe`.
    """
    return _frames(source, task)


def _frames(source: Source, task: Task) -> Generator[bytes, None, None]:
    process = _start()
    requests = cast(BinaryIO, process.stdin)
    responses = cast(BinaryIO, process.stdout)
    try:
        # A broken pipe says that it has ended; why, its exit status says.
        with suppress(BrokenPipeError):
            write_frame(requests, TASK, task.to_json())
            while (frame := read_frame(responses)) is not None:
                if frame.kind == READ:
                    write_frame(requests, DATA, _read(source, frame.payload))
                elif frame.kind == ERROR:
                    code, _, detail = frame.payload.decode().partition("\n")
                    raise Rejected(code, detail)
                elif frame.kind in (BATCH, ANSWER):
                    yield frame.payload
                if frame.kind in (END, ANSWER):
                    return
        raise _ended(process.wait(), task)
    finally:
        process.kill()
        responses.close()
        _close(process, requests)


def _close(process: subprocess.Popen[bytes], requests: BinaryIO) -> None:
    # Bytes that the process no longer takes.
    with suppress(BrokenPipeError):
        requests.close()
    process.wait()


def _read(source: Source, payload: bytes) -> bytes:
    offset, length = RANGE.unpack(payload)
    if offset + length > source.size:
        raise Rejected("corrupt-file", "The file refers to bytes beyond its end.")
    return source.read(offset, length)


def _start() -> subprocess.Popen[bytes]:
    # No credentials, no addresses: the process gets its bytes from here.
    environment = {
        **_ENVIRONMENT,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PATH": os.environ.get("PATH", ""),
        "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "waybill.binary.decode"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )


def _ended(status: int, task: Task) -> Exception:
    """Why the process ended without an answer."""
    if status == -signal.SIGXCPU:
        return Rejected("decompression-limit", "The file takes too long to decode.")
    if -status in _CRASHES:
        mib = task.memory_bytes // 1024**2
        detail = f"The file cannot be decoded: it is damaged, or needs more than {mib} MiB."
        return Rejected("corrupt-file", detail)
    if status < 0:
        return Transient("decoder-ended", f"The decoder was ended by signal {-status}.")
    return Retryable("decoder-ended", f"The decoder ended with status {status}.")
