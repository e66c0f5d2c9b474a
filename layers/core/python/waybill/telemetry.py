"""The log: JSON lines with an `action`, the step, and the job's id as correlation id.

The logger is named `waybill`, so the modules of the library log in the same format.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Literal
from uuid import UUID

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.utilities.typing import LambdaContext

from waybill import tracing
from waybill.scrubbing import scrub_all
from waybill.settings import LogSettings
from waybill.usage import USAGE

_SERVICE = "waybill"
_log = logging.getLogger(_SERVICE)
# Its warning of headers that are not valid quotes them, and a server may repeat credentials there.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)
Level = Literal["debug", "info", "warning", "error"]


class _Formatter(LambdaPowertoolsFormatter):
    """JSON lines without values of records, addresses and credentials."""

    def serialize(self, log: dict[str, Any]) -> str:  # type: ignore[override]
        return super().serialize(scrub_all(log))


def logger(level: str | None = None) -> Logger:
    """The logger of the process; cheap enough to call at every invocation."""
    formatter = _Formatter(utc=True, use_rfc3339=True)
    return Logger(service=_SERVICE, level=level, logger_formatter=formatter)


_current = {"step": ""}


def step() -> str:
    """The step that this process runs."""
    return _current["step"]


def start(step: str, settings: LogSettings, context: LambdaContext | None = None) -> Logger:
    """Begin an invocation of the function `step`; its lines have the request id of `context`."""
    made = logger(settings.log_level)
    USAGE.reset()
    _current["step"] = step
    made.append_keys(step=step, request_id=context.aws_request_id if context else None)
    return made


def action(
    name: str, /, *, level: Level = "info", error: BaseException | None = None, **facts: object
) -> None:
    """Log an action named `noun.participle`, e.g. `chunk.staged`.

    `facts` become fields of the line; the names that `logging` uses itself (`filename`,
    `message`, `name` …) are reserved. `error` adds its traceback.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    _log.log(number, name, extra={"action": name, **facts}, exc_info=error)


@contextmanager
def about(job_id: UUID) -> Iterator[None]:
    """Log with the job's id as correlation id; the outermost block is in the trace, too."""
    shared = logger()
    before = shared.get_correlation_id()
    shared.set_correlation_id(str(job_id))
    is_inner = before == str(job_id)
    try:
        with nullcontext() if is_inner else tracing.subsegment(step(), str(job_id)):
            yield
    finally:
        shared.set_correlation_id(before)
