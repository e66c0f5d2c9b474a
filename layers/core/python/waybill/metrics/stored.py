"""The metrics of every process in the state bucket, one object for each."""

import json
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from waybill.clients import CONFLICTS, code_of, find_object, storage_reached
from waybill.metrics.catalogue import FIGURES_TIME
from waybill.metrics.registry import Series

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "metrics/"
_PROCESSES = f"{PREFIX}processes/"
_DATABASE = f"{PREFIX}database.json"
# An idle Lambda process lasts for some minutes; its series end a little later.
_ALIVE = timedelta(minutes=15)
_READS_AT_ONCE = 16
# Of a change that other processes made meanwhile: of 16 at once none needed more than six.
_TRIES = 8
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.25
# A later time than the database's now plus this is that of a clock that was wrong.
_AHEAD_SECONDS = 300.0


class Source(NamedTuple):
    """Series, and the process that counted them."""

    function: str
    process: str
    series: list[Series]


class StoredMetrics:
    """What processes have counted, and the figures of the database when it was last awake."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, process: str, function: str, series: Sequence[Series]) -> None:
        """Replace the series of a process."""
        self._s3.put_object(
            Bucket=self._bucket,
            Key=f"{_PROCESSES}{process}.json",
            Body=_document(Source(function, process, list(series))),
        )

    def put_database(self, series: Sequence[Series]) -> bool:
        """Replace the figures of the database; their time is one of them.

        Figures that were read later stay: functions read them side by side. False if neither could
        be had, since other processes replaced them at every try.

        Raises:
            Unavailable: S3 cannot be reached.
        """
        document, read = _document(Source("", "", list(series))), time.monotonic()
        for attempt in range(_TRIES):
            _pause(attempt)
            found = find_object(self._s3, self._bucket, _DATABASE)
            ahead = _time_of(_parsed(found[0]).series) - _time_of(series) if found else 0.0
            if 0 < ahead <= time.monotonic() - read + _AHEAD_SECONDS:
                return True
            if self._replaced(document, found[1] if found else None):
                return True
        return False

    def _replaced(self, document: bytes, tag: str | None) -> bool:
        """Whether the figures are now these; not if they are others than those of the tag."""
        unchanged = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        try:
            self._s3.put_object(Bucket=self._bucket, Key=_DATABASE, Body=document, **unchanged)  # type: ignore[arg-type]
        except ClientError as error:
            if code_of(error) not in CONFLICTS:
                raise
            return False
        return True

    def database(self) -> list[Series]:
        """The figures of the database when it was last awake.

        Empty if it never was, or if they cannot be read.

        Raises:
            Unavailable: S3 cannot be reached.
        """
        found = find_object(self._s3, self._bucket, _DATABASE)
        return [] if found is None else _parsed(found[0]).series

    def read(self) -> list[Source]:
        """Those of the processes that may be alive, and of the database.

        Raises:
            Unavailable: S3 cannot be reached.
        """
        with storage_reached(), ThreadPoolExecutor(_READS_AT_ONCE) as pool:
            return list(pool.map(self._get, self._keys()))

    def _keys(self) -> Iterator[str]:
        oldest = datetime.now(UTC) - _ALIVE
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=PREFIX
        )
        for page in pages:
            for entry in page.get("Contents", []):
                if entry["Key"] == _DATABASE or entry["LastModified"] > oldest:
                    yield entry["Key"]

    def _get(self, key: str) -> Source:
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return _parsed(body)


def _document(source: Source) -> bytes:
    series = [each.as_json() for each in source.series]
    return json.dumps({**source._asdict(), "series": series}).encode()


def _pause(attempt: int) -> None:
    """Before another try: anything up to a bound that doubles, so that processes part."""
    if attempt:
        bound = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (attempt - 1))
        time.sleep(random.uniform(0, bound))  # noqa: S311 - jitter, not a secret


def _time_of(figures: Sequence[Series]) -> float:
    return max((each.value for each in figures if each.metric == FIGURES_TIME), default=0.0)


def _parsed(body: bytes) -> Source:
    """What is stored; without series if it is damaged, or as only another release reads it."""
    try:
        document = json.loads(body)
        series = [Series.from_json(each) for each in document["series"]]
        function, process = str(document["function"]), str(document["process"])
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return Source("", "", [])
    return Source(function, process, [each for each in series if each])
