"""The pages of a source, by its kind."""

from collections.abc import Iterator

from functions.pipeline.extract.deps import Deps
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
        return read_rest(
            requests, connection, progress.position, extraction.cursor_from, progress.cursor
        )
    if isinstance(connection, DatabaseConnection):
        read = read_postgresql if connection.engine == "postgresql" else read_mysql
        secret = deps.secrets.read(connection.secret_arn)
        start = progress.position or extraction.cursor_from
        return read(deps.guard, connection, secret, start)
    raise SourceError("refused", "A source of objects has no records.")
