"""An extractor as a process of its own, which polls its queue and can be killed."""

import multiprocessing
import os
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

from functions.pipeline.extract import database_pages
from functions.pipeline.extract.handler import handle
from tests.cloud.lambda_events import sqs_record
from tests.integration.sources.kills import Dying
from waybill.clients import sqs_client

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])
# A message of an extractor that was killed comes again after so many seconds.
_VISIBILITY = 1
_ROWS_PER_PAGE = 10


def _poll(environment: Mapping[str, str], out: Connection) -> None:
    os.environ.clear()
    os.environ.update(environment)
    database_pages.ROWS_PER_PAGE = _ROWS_PER_PAGE
    url = os.environ["EXTRACTS_QUEUE_URL"]
    while True:
        found = sqs_client().receive_message(
            QueueUrl=url, WaitTimeSeconds=1, VisibilityTimeout=_VISIBILITY
        )
        for message in found.get("Messages", []):
            handled = message["ReceiptHandle"]
            record = sqs_record(message["Body"], receipt_handle=handled)
            out.send("began")
            if not handle({"Records": [record]}, Dying())["batchItemFailures"]:
                sqs_client().delete_message(QueueUrl=url, ReceiptHandle=handled)
            out.send("ended")


class ExtractorProcess:
    """Works on the runs of the queue, in a fresh process with this environment."""

    def __init__(self) -> None:
        self._messages, out = _CONTEXT.Pipe(duplex=False)
        given = (dict(os.environ), out)
        self._process: ForkServerProcess = _CONTEXT.Process(target=_poll, args=given, daemon=True)
        self._process.start()
        out.close()

    def await_begin(self) -> None:
        """Wait until an attempt begins."""
        assert self._messages.recv() == "began"

    def await_end(self) -> None:
        """Wait until the attempt ends, and its message is deleted."""
        assert self._messages.recv() == "ended"

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.join()
        self._messages.close()
