"""Attempts at runs that are killed at a call of AWS, or overtaken by a doubled message there."""

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient

from functions.pipeline.extract.handler import handle as extract
from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context
from tests.integration.path.steps import settle
from tests.integration.sources.runs import deliver_events

# The calls of an attempt at the sources of the tests.
_CALLS = 24
_ROUNDS = 400


class Killed(BaseException):
    """The process is gone."""


class Dying(Context):
    """A context without time left: an attempt that does not end is dead at once."""

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 0


class PlannedKill:
    """What happens at which call of the attempt."""

    def __init__(self, chance: random.Random) -> None:
        self._call = chance.randrange(_CALLS)
        self._unseen = chance.random() < 0.5
        """Whether the call takes effect, and only its answer is lost."""
        self.doubles = chance.random() < 0.3
        """Whether a second attempt overtakes this one, which is not killed."""

    def is_due(self, call: int, *, after: bool) -> bool:
        return call == self._call and after == self._unseen


@contextmanager
def _at_calls(planned: PlannedKill, event: dict[str, Any], context: Context) -> Iterator[None]:
    real, calls = vars(BaseClient)["_make_api_call"], itertools.count()

    def interrupt() -> None:
        if not planned.doubles:
            raise Killed
        with pytest.MonkeyPatch.context() as undo:
            undo.setattr(BaseClient, "_make_api_call", real)
            extract(event, context)

    def call(self: Any, name: str, given: Any) -> Any:
        number = next(calls)
        if planned.is_due(number, after=False):
            interrupt()
        answer = real(self, name, given)
        if planned.is_due(number, after=True):
            interrupt()
        return answer

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(BaseClient, "_make_api_call", call)
        yield


def run_killed(cloud: Cloud, chance: random.Random, kills: int) -> int:
    """Extract until nothing is left, with attempts killed; then load. How many were killed."""
    killed = 0
    for _ in range(_ROUNDS):
        records = cloud.take("extracts")
        if not records:
            break
        for record in records:
            event = {"Records": [record]}
            if killed >= kills:
                extract(event, Dying())
                continue
            planned = PlannedKill(chance)
            context = Context() if planned.doubles else Dying()
            try:
                with _at_calls(planned, event, context):
                    extract(event, context)
            except Killed:
                killed += 1
                # The message becomes visible again.
                cloud.sqs.send_message(
                    QueueUrl=cloud.queues["extracts"], MessageBody=record["body"]
                )
    else:
        raise AssertionError("the run does not end")
    deliver_events(cloud)
    settle(cloud)
    return killed
