"""The steps of a batch, each alone: what any such handler costs, beside what ours costs."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from functions.api.batch.deps import deps
from functions.api.batch.models import BatchRequest
from tests.benchmarks.batch_function import Cloud, batch_event, hires, send_batch
from tests.cloud.lambda_events import Context
from tests.postgres.databases import Connection, Database
from tests.sql.analytics.seed import owner
from waybill import clients
from waybill.http.app import Api, create_api
from waybill.http.exact_json import read_exactly
from waybill.http.responses import json_response
from waybill.ids import new_id

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

Step = Callable[[], object]
Row = tuple[object, ...]
_INTO = "hired_employees (id, name, hire_dt, department_id, job_id)"


def _empty_api() -> Api:
    """The same route, with its access rule; it does nothing."""
    api = create_api("batch", parser=read_exactly)
    api.post("/batch/<dataset>")(lambda dataset: json_response({"dataset": dataset}))
    return api


def _validate(body: str) -> None:
    request = BatchRequest.model_validate(read_exactly(body))
    deps().validator("hired_employees").validate(request.rows)


class _Inserts:
    """Rows written by bare statements into the same table, in a transaction of their own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def nothing(self) -> None:
        with self._connection.transaction():
            pass

    def executemany(self, rows: list[Row]) -> None:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            query = f"INSERT INTO {_INTO} VALUES (%s, %s, %s, %s, %s)"
            cursor.executemany(query.encode(), rows)

    def copy(self, rows: list[Row]) -> None:
        with (
            self._connection.transaction(),
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {_INTO} FROM STDIN".encode()) as copy,
        ):
            for row in rows:
                copy.write_row(row)

    def unnest(self, rows: list[Row]) -> None:
        types = "%s::int[], %s::text[], %s::timestamptz[], %s::int[], %s::int[]"
        query = f"INSERT INTO {_INTO} SELECT * FROM unnest({types})"
        with self._connection.transaction():
            self._connection.execute(query.encode(), [list(c) for c in zip(*rows, strict=True)])


class _Batches:
    """Rows that no step has written before, and those of the last batches."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        # Above the table's, and of one row apart from those of more.
        self._numbers = itertools.count((1 if rows > 1 else 2) * 1_000_000_000 // rows)
        self._sent: deque[dict[str, Any]] = deque()

    def values(self) -> list[Row]:
        return [tuple(row.values()) for row in self._hires()]

    def _hires(self) -> list[dict[str, Any]]:
        return hires(next(self._numbers) * self._rows, self._rows)

    def new(self) -> Step:
        self._sent.append(batch_event(self._hires()))
        return partial(send_batch, self._sent[-1])

    def again(self) -> Step:
        return partial(send_batch, self._sent.popleft())

    def checked(self) -> Step:
        return partial(_validate, batch_event(hires(1, self._rows))["body"])


@contextmanager
def steps(
    database: Database, cloud: Cloud, rows: int
) -> Iterator[Mapping[str, Callable[[], Step]]]:
    """By name, what prepares a run of the step, which alone is measured."""
    s3, events, sqs = clients.s3_client(), clients.events_client(), clients.sqs_client()
    batches, empty = _Batches(rows), _empty_api()
    entry: Entry = {"Source": "waybill", "DetailType": "job.finished", "Detail": "{}"}
    with owner(database) as connection:
        inserts = _Inserts(connection)
        yield {
            "empty handler": lambda: partial(empty.resolve, batch_event(hires(1, 1)), Context()),
            "S3 PutObject": lambda: partial(
                s3.put_object, Bucket="state", Key=f"markers/{new_id()}/{new_id()}", Body=b""
            ),
            "EventBridge PutEvents": lambda: partial(events.put_events, Entries=[entry]),
            "SQS SendMessage": lambda: partial(
                sqs.send_message, QueueUrl=cloud.queue_url, MessageBody="{}"
            ),
            "connect": lambda: lambda: database.connect("waybill_batch").close(),
            "BEGIN, COMMIT": lambda: inserts.nothing,
            "INSERT, executemany": lambda: partial(inserts.executemany, batches.values()),
            "INSERT, unnest": lambda: partial(inserts.unnest, batches.values()),
            "COPY": lambda: partial(inserts.copy, batches.values()),
            "parse, validate": batches.checked,
            "handler, new": batches.new,
            "handler, unchanged": batches.again,
        }
