"""The log: JSON lines with an `action`, the step, and the job's id as correlation id.

The logger is named `waybill`, so the modules of the library log in the same format.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from uuid import UUID

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from waybill.settings import LogSettings

METRICS_NAMESPACE = "Waybill"
_SERVICE = "waybill"
_log = logging.getLogger(_SERVICE)
Level = Literal["debug", "info", "warning", "error"]


def start(step: str, settings: LogSettings) -> Logger:
    """The logger of a function; cheap enough to call at every invocation."""
    made = Logger(service=_SERVICE, level=settings.log_level, utc=True, use_rfc3339=True)
    made.append_keys(step=step)
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


def metric(name: str, count: int) -> None:
    """Write a metric to the log, in CloudWatch's embedded format, with the function's name."""
    with single_metric(name, MetricUnit.Count, count, namespace=METRICS_NAMESPACE) as written:
        written.add_dimension("function", os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local"))


@contextmanager
def about(job_id: UUID) -> Iterator[None]:
    """Log with the job's id as correlation id."""
    shared = Logger(service=_SERVICE)
    before = shared.get_correlation_id()
    shared.set_correlation_id(str(job_id))
    try:
        yield
    finally:
        shared.set_correlation_id(before)
