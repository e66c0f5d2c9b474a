"""The process that decodes one file, run as `python -m waybill.binary.decode`.

Decoders of binary formats are large programs in C++ whose input comes from anybody. Here they
have no credentials and a limit of memory; a crash ends this process, not the loader.
"""

import os
import sys
from collections.abc import Iterator
from typing import BinaryIO

from waybill.binary.file import RequestedFile
from waybill.binary.frames import ANSWER, BATCH, END, ERROR, TASK, read_frame, write_frame
from waybill.binary.limits import limit_memory, renew_time
from waybill.binary.task import Task, UnreadableFile


def run(task: Task, file: RequestedFile, responses: BinaryIO) -> None:
    """Do the task, and write its answer or batches."""
    import pyarrow as pa  # noqa: PLC0415 - after the environment is set

    from waybill.binary.parquet import parquet_error  # noqa: PLC0415

    try:
        if task.is_description:
            _describe(task, file, responses)
            return
        for batch in _batches(task, file):
            write_frame(responses, BATCH, batch)
            renew_time()
        write_frame(responses, END)
    except (MemoryError, pa.ArrowMemoryError):
        raise UnreadableFile("decompression-limit", memory_detail(task)) from None
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
        raise parquet_error(error) from error


def memory_detail(task: Task) -> str:
    """The message for a file that needs more memory than it may have."""
    mib = task.memory_bytes // 1024**2
    advice = {
        "parquet": "Write smaller row groups and pages.",
        "xlsx": "Save the sheet as CSV.",
    }.get(task.file_format, "Write smaller record batches.")
    return f"Reading the file needs more than {mib} MiB of memory. {advice}"


def _describe(task: Task, file: RequestedFile, responses: BinaryIO) -> None:
    from waybill.binary.arrow import describe_arrow  # noqa: PLC0415
    from waybill.binary.batches import describe_text  # noqa: PLC0415
    from waybill.binary.parquet import describe_parquet  # noqa: PLC0415
    from waybill.binary.xlsx import describe_xlsx  # noqa: PLC0415

    limit_memory(task.memory_bytes)
    renew_time()
    if task.file_format == "parquet":
        description = describe_parquet(file)
    elif task.file_format == "xlsx":
        description = describe_xlsx(file, task)
    else:
        description = describe_arrow(file, task)
    write_frame(responses, ANSWER, describe_text(description))


def _batches(task: Task, file: RequestedFile) -> Iterator[bytes]:
    from waybill.binary.arrow import read_arrow  # noqa: PLC0415
    from waybill.binary.batches import ipc_bytes, text_batches  # noqa: PLC0415
    from waybill.binary.parquet import read_parquet  # noqa: PLC0415
    from waybill.binary.xlsx import read_xlsx  # noqa: PLC0415

    limit_memory(task.memory_bytes)
    renew_time()
    if task.file_format == "parquet":
        batches = text_batches(read_parquet(file, task), task)
    elif task.file_format == "xlsx":
        batches = read_xlsx(file, task)
    else:
        batches = text_batches(read_arrow(file, task), task)
    yield from map(ipc_bytes, batches)


def main() -> int:
    """Do the task of the loader at the other end of the standard streams."""
    requests, responses = sys.stdin.buffer, os.fdopen(os.dup(1), "wb", 64 * 1024)
    # What a library may print must not get between the frames.
    os.dup2(2, 1)
    frame = read_frame(requests)
    if frame is None or frame.kind != TASK:
        return 1
    task = Task.from_json(frame.payload)
    try:
        run(task, RequestedFile(responses, requests, task.size), responses)
    except UnreadableFile as error:
        write_frame(responses, ERROR, f"{error.code}\n{error.detail}".encode(errors="replace"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
