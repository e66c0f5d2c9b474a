"""Every kind of page is read to its end, whatever the API does in between."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.pipeline.extract.page import Page, later
from functions.pipeline.extract.rest_pages import read_rest
from functions.pipeline.extract.rest_requests import RestRequests
from functions.pipeline.extract.source_error import SourceError
from tests.integration.sources.api_server import ApiServer, Fault, serving
from waybill.outbound.address import Guard
from waybill.outbound.http import GuardedHttp, Limits
from waybill.sources.connections import RestConnection

LOCAL = Guard.of("127.0.0.0/8", plain_http=True)
WIDE = Limits(10**6, 5.0)
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:waybill/test/sources/api"
PAGES: dict[str, dict[str, Any]] = {
    "page": {"kind": "page"},
    "offset": {"kind": "offset"},
    "cursor": {"kind": "cursor", "next": "meta.next"},
    "link": {"kind": "link"},
}


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with serving([{"id": number} for number in range(35)]) as made:
        yield made


def connection(server: ApiServer, kind: str = "cursor", **more: Any) -> RestConnection:
    given = {"url": f"{server.url}/{kind}", "records": "data", "pages": PAGES[kind], **more}
    return RestConnection.model_validate(given)


class Reading:
    """Reads a connection, and keeps the pauses instead of waiting."""

    def __init__(self, limits: Limits = WIDE, secret: dict[str, str] | None = None) -> None:
        self.pauses: list[float] = []
        self.secret = secret or {}
        self._http = GuardedHttp(LOCAL, limits)

    def pages(
        self, source: RestConnection, position: str | None = None, cursor: str | None = None
    ) -> Iterator[Page]:
        requests = RestRequests(self._http, source, lambda _: self.secret, self.pauses.append)
        return read_rest(requests, source, position, cursor, None)

    def ids(self, source: RestConnection, **at: Any) -> list[int]:
        return [
            json.loads(line)["id"] for page in self.pages(source, **at) for line in page.records
        ]


def failure(source: RestConnection, reading: Reading | None = None) -> SourceError:
    with pytest.raises(SourceError) as failed:
        list((reading or Reading()).pages(source))
    return failed.value


@pytest.mark.parametrize("kind", PAGES)
def test_all_pages_are_read_in_order(server: ApiServer, kind: str) -> None:
    assert Reading().ids(connection(server, kind)) == [*range(35)]


@pytest.mark.parametrize("kind", PAGES)
def test_reading_continues_after_any_page(server: ApiServer, kind: str) -> None:
    source = connection(server, kind)
    for position in [page.position for page in Reading().pages(source)]:
        rest = Reading().ids(source, position=position) if position else []
        assert rest == [*range(35)][35 - len(rest) :]


def test_pages_are_read_through_one_connection(server: ApiServer) -> None:
    assert Reading().ids(connection(server)) == [*range(35)]
    assert (server.connections, len(server.requests)) == (1, 4)


def test_a_connection_that_ended_between_pages_is_made_again(server: ApiServer) -> None:
    server.faults = [Fault(), Fault(hangs_up=True)]
    assert Reading().ids(connection(server)) == [*range(35)]
    assert server.connections == 2


def test_a_response_that_was_refused_half_read_leaves_nothing_to_the_next(
    server: ApiServer,
) -> None:
    server.faults = [Fault(truncated=True)]
    reading = Reading()
    assert failure(connection(server), reading).reason == "invalid-response"
    assert reading.ids(connection(server)) == [*range(35)]
    assert server.connections == 2


def test_a_page_with_fewer_records_than_its_size_is_not_the_end(server: ApiServer) -> None:
    pages = {"kind": "page", "size_parameter": "limit", "size": 1000}
    assert Reading().ids(connection(server, "page", pages=pages)) == [*range(35)]


def test_a_short_pause_that_the_api_asks_for_is_waited_for(server: ApiServer) -> None:
    server.faults = [Fault(), Fault(429, "2"), Fault(429, "1")]
    reading = Reading()
    assert reading.ids(connection(server)) == [*range(35)]
    assert reading.pauses == [2.0, 1.0]


def test_a_long_pause_is_left_to_the_queue(server: ApiServer) -> None:
    server.faults = [Fault(429, "600")]
    error = failure(connection(server))
    assert (error.reason, error.retry_after) == ("rate-limited", 600.0)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(429), "rate-limited"),
        (Fault(500), "server-error"),
        (Fault(503, "7"), "server-error"),
        (Fault(truncated=True), "invalid-response"),
        (Fault(hangs_up=True), "invalid-response"),
        (Fault(garbled=True), "invalid-response"),
        (Fault(404), "refused"),
        (Fault(403), "refused"),
        (Fault(302, location="http://127.0.0.2/"), "refused"),
        (Fault(302, location="https://api.example/"), "refused"),
    ],
)
def test_each_fault_has_its_reason(server: ApiServer, fault: Fault, reason: str) -> None:
    # A connection that ends at once is tried once more.
    server.faults = [Fault(), fault, *([fault] if fault.hangs_up else [])]
    assert failure(connection(server)).reason == reason


def test_a_redirect_on_the_host_is_followed(server: ApiServer) -> None:
    server.faults = [Fault(307, location="/cursor?moved=1")]
    assert Reading().ids(connection(server))[:10] == [*range(10)]
    assert "/cursor?moved=1" in server.requests


def test_redirects_without_end_are_refused(server: ApiServer) -> None:
    server.faults = [Fault(307, location="/cursor")] * 10
    assert failure(connection(server)).reason == "refused"


def test_a_slow_response_times_out(server: ApiServer) -> None:
    server.faults = [Fault(seconds=1.5)]
    assert failure(connection(server), Reading(Limits(10**6, 0.3))).reason == "timeout"


def test_a_request_that_is_sent_again_has_the_time_that_is_left(server: ApiServer) -> None:
    server.faults = [Fault(), Fault(hangs_up=True, seconds=1.5), Fault(seconds=1.5)]
    assert failure(connection(server), Reading(Limits(10**6, 2))).reason == "timeout"


def test_a_response_beyond_the_limit_is_refused(server: ApiServer) -> None:
    assert failure(connection(server), Reading(Limits(100, 5))).reason == "refused"


def test_a_next_link_to_another_host_is_refused(server: ApiServer) -> None:
    with serving([{"id": 1}] * 20) as other:
        server.records, server.page_size = [{"id": 0}], 10
        position = json.dumps({"url": f"{other.url}/link"})
        with pytest.raises(SourceError, match="another host"):
            list(Reading().pages(connection(server, "link"), position))
        assert other.requests == []


def test_a_host_that_is_not_there_is_unreachable() -> None:
    with serving([]) as gone:
        source = connection(gone)
    assert failure(source).reason == "unreachable"


def test_numbers_keep_every_digit(server: ApiServer) -> None:
    server.records = [{"id": 12345678901234567890123, "price": 0.1}]
    (page,) = Reading().pages(connection(server))
    assert '"id": 12345678901234567890123' in page.records[0].replace('":', '": ').replace(
        "  ", " "
    )


@pytest.mark.parametrize("records", [None, "meta", "data.next", "nowhere"])
def test_a_page_without_a_list_of_objects_is_invalid(server: ApiServer, records: str) -> None:
    assert failure(connection(server, records=records)).reason == "invalid-response"


def test_an_incremental_source_asks_for_what_changed_since(server: ApiServer) -> None:
    server.records = [{"id": n, "changed": f"2026-01-{n:02}"} for n in (3, 9, 4, 11, 7)]
    incremental = {"field": "changed", "parameter": "since", "start": "2026-01-04"}
    source = connection(server, incremental=incremental)
    (page,) = Reading().pages(source)
    assert page.cursor == "2026-01-11"
    server.records.append({"id": 12, "changed": "2026-01-12"})
    assert Reading().ids(source, cursor=page.cursor) == [11, 12]


def test_a_record_that_changed_while_pages_were_read_is_found_by_looking_back(
    server: ApiServer,
) -> None:
    server.records = [{"id": n, "changed": f"2026-01-01T00:00:{n:02}Z"} for n in range(1, 31)]

    def change(requests: int) -> None:
        if requests == 2:
            # Before the next one, which is read by this run.
            server.records[0] = {"id": 1, "changed": "2026-01-01T00:00:40Z"}
            server.records.append({"id": 99, "changed": "2026-01-01T00:00:50Z"})

    server.before = change
    incremental = {"field": "changed", "parameter": "since"}
    *_, last = Reading().pages(connection(server, "offset", incremental=incremental))
    assert last.cursor == "2026-01-01T00:00:50Z"
    plain = connection(server, "offset", incremental=incremental)
    assert Reading().ids(plain, cursor=last.cursor) == [99]
    careful = connection(server, "offset", incremental={**incremental, "lookback": 10})
    assert Reading().ids(careful, cursor=last.cursor) == [1, 99]


def test_cursors_are_compared_as_numbers_where_they_are() -> None:
    assert (later("9", "10"), later("b", "a"), later(None, "1"), later("1", None)) == (
        "10", "b", "1", "1",
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["header", "bearer", "oauth"])
def test_requests_are_authorized(server: ApiServer, kind: str) -> None:
    server.token, server.clients = "tok-1", {"waybill": "s3cret"}
    auth = {"kind": kind} | ({"token_url": f"{server.url}/token"} if kind == "oauth" else {})
    source = connection(server, auth=auth, secret_arn=SECRET)
    secret = {"token": "tok-1", "client_id": "waybill", "client_secret": "s3cret"}
    assert Reading(secret=secret).ids(source) == [*range(35)]


@pytest.mark.parametrize("kind", ["bearer", "oauth"])
def test_refused_credentials_are_not_shown(server: ApiServer, kind: str) -> None:
    server.token = "tok-2"
    auth = {"kind": kind} | ({"token_url": f"{server.url}/token"} if kind == "oauth" else {})
    secret = {"token": "tok-1", "client_id": "waybill", "client_secret": "s3cret"}
    error = failure(connection(server, auth=auth, secret_arn=SECRET), Reading(secret=secret))
    assert error.reason == "refused"
    assert "tok" not in str(error)
    assert "s3cret" not in str(error)


def test_a_rotated_token_is_read_again_within_a_run(server: ApiServer) -> None:
    server.token = "tok-1"
    source = connection(server, auth={"kind": "bearer"}, secret_arn=SECRET)
    reading = Reading(secret={"token": "tok-1"})
    pages = reading.pages(source)
    next(pages)
    server.token = reading.secret["token"] = "tok-2"
    assert sum(len(page.records) for page in pages) == 25


def test_the_rate_of_requests_is_kept(server: ApiServer) -> None:
    reading = Reading()
    reading.ids(connection(server, requests_per_second=2))
    assert len(reading.pauses) == 4
    assert all(0 <= pause <= 2 for pause in reading.pauses)
    assert sum(reading.pauses) > 0.9
