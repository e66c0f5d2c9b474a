"""The log: JSON lines that carry an `action`, the step, and the job's id as correlation id.

The logger is named `waybill`, so what the library's modules log (`waybill.queues` …) comes out
in the same shape.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from uuid import UUID

from aws_lambda_powertools import Logger

from waybill.settings import LogSettings

_SERVICE = "waybill"
_log = logging.getLogger(_SERVICE)
Level = Literal["debug", "info", "warning", "error"]


def start(step: str, settings: LogSettings) -> Logger:
    """The logger of a function; cheap to call again at every invocation."""
    made = Logger(service=_SERVICE, level=settings.log_level, utc=True, use_rfc3339=True)
    made.append_keys(step=step)
    return made


def action(
    name: str, /, *, level: Level = "info", error: BaseException | None = None, **facts: object
) -> None:
    """Write one line: `name` says what happened, as `noun.participle`, e.g. `chunk.staged`.

    `facts` are fields of the line. The names that `logging` uses itself (`filename`, `message`,
    `name` …) are not to be had. `error` adds its trace.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    _log.log(number, name, extra={"action": name, **facts}, exc_info=error)


@contextmanager
def about(job_id: UUID) -> Iterator[None]:
    """Within, every line carries the job's id as its correlation id."""
    shared = Logger(service=_SERVICE)
    before = shared.get_correlation_id()
    shared.set_correlation_id(str(job_id))
    try:
        yield
    finally:
        shared.set_correlation_id(before)
