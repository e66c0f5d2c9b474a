"""The pages of a source, by its kind."""

from collections.abc import Iterator

from functions.pipeline.extract.deps import Deps
from functions.pipeline.extract.look_back import begin_before, later_cursor
from functions.pipeline.extract.page import Page
from functions.pipeline.extract.read_mysql import read_mysql
from functions.pipeline.extract.read_postgresql import read_postgresql
from functions.pipeline.extract.rest_pages import read_rest
from functions.pipeline.extract.rest_requests import RestRequests
from functions.pipeline.extract.source_error import SourceError
from waybill.sources.connections import DatabaseConnection, RestConnection
from waybill.sources.definition import parse_connection
from waybill.sources.extraction import Extraction


def read_source(deps: Deps, extraction: Extraction) -> Iterator[Page]:
    """The pages from where the run is.

    Raises:
        SourceError: the source cannot be read.
        Unavailable: Secrets Manager cannot be reached.
    """
    connection = parse_connection(extraction.kind, extraction.connection)
    progress = extraction.progress
    if isinstance(connection, RestConnection):
        requests = RestRequests(deps.http, connection, deps.secrets.read)
        before = extraction.cursor_from
        looks_back = connection.incremental is not None and connection.incremental.lookback
        # The records of a run that looks back may all be older.
        cursor = progress.cursor or (before if looks_back else None)
        return read_rest(requests, connection, progress.position, before, cursor)
    if isinstance(connection, DatabaseConnection):
        return _read_database(deps, connection, extraction)
    raise SourceError("refused", "A source of objects has no records.")


def _read_database(
    deps: Deps, connection: DatabaseConnection, extraction: Extraction
) -> Iterator[Page]:
    read = read_postgresql if connection.engine == "postgresql" else read_mysql
    secret = deps.secrets.read(connection.secret_arn)
    position, before = extraction.progress.position, extraction.cursor_from
    start = position or begin_before(connection, before)
    for page in read(deps.guard, connection, secret, start):
        cursor = later_cursor(connection, before, page.cursor)
        # Without a row, the cursor is where the run began.
        is_unmoved = not page.records and position is None
        yield page._replace(cursor=before if is_unmoved and connection.lookback else cursor)
