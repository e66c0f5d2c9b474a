"""Sources are read at public addresses only, unless an administrator allows a network."""

import pytest

from waybill.errors import Rejected
from waybill.outbound.address import Guard, Resolve, checked_address
from waybill.outbound.error import OutboundError
from waybill.outbound.http import GuardedHttp, Limits, Request
from waybill.sources.definition import parse_connection

PUBLIC = Guard()
REFUSED = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0",  # noqa: S104
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "169.254.169.254", "169.254.170.2", "192.0.0.192",
    "64:ff9b:1::a00:1", "198.18.0.1", "203.0.113.9", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "ff02::1",
    "ff0e::1", "2001:db8::1", "::7f00:1", "::a9fe:a9fe", "::ffff:0:7f00:1", "fec0::1",
    "3fff::1", "5f00::1",
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(OutboundError) as refused:
        checked_address(PUBLIC, "api.example", 443, lambda *_: [address])
    assert refused.value.reason == "refused"


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_a_public_address_is_connected_to(address: str) -> None:
    assert checked_address(PUBLIC, "api.example", 443, lambda *_: [address]) == address


def test_one_address_that_is_not_public_refuses_the_host() -> None:
    with pytest.raises(OutboundError, match=r"10\.0\.0\.1"):
        checked_address(PUBLIC, "api.example", 443, lambda *_: ["93.184.216.34", "10.0.0.1"])


def test_an_allowed_network_may_be_reached_and_no_other() -> None:
    guard = Guard.of("10.1.0.0/16, fd00::/8", plain_http=False)
    for address in ("10.1.2.3", "fd00::1", "::ffff:10.1.2.3"):
        assert checked_address(guard, "legacy.example", 5432, lambda *_, a=address: [a]) == address
    with pytest.raises(OutboundError):
        checked_address(guard, "legacy.example", 5432, lambda *_: ["10.2.0.1"])


def test_a_host_without_an_address_is_unreachable() -> None:
    def fails(*_: object) -> list[str]:
        raise OSError("no such host")

    resolvers: list[Resolve] = [fails, lambda *_: []]
    for resolving in resolvers:
        with pytest.raises(OutboundError) as error:
            checked_address(PUBLIC, "api.example", 443, resolving)
        assert error.value.reason == "unreachable"


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example/", "file:///etc/passwd", "ftp://api.example/", "gopher://api.example/",
        "https:///path", "https://ada:pw@api.example/", "https://api.example:99999/", "https://[::1/",
    ],
)  # fmt: skip
def test_other_urls_than_https_are_refused_before_anything_is_resolved(url: str) -> None:
    def resolving(*_: object) -> list[str]:
        raise AssertionError("nothing is to be resolved")

    with pytest.raises(OutboundError) as refused:
        GuardedHttp(PUBLIC, Limits(1000, 1), resolving).send(Request(url))
    assert refused.value.reason == "refused"
    assert "pw" not in str(refused.value)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "[::1]",
        "[::ffff:127.0.0.1]", "localhost", "localhost.", "LOCALHOST", "\uff11\uff12\uff17.0.0.1",
        "127\u30020\u30020\u30021", "\u24db\u24de\u24d2alhost",
    ],
)  # fmt: skip
def test_every_way_to_write_the_loopback_address_is_refused(host: str) -> None:
    with pytest.raises(OutboundError) as refused:
        GuardedHttp(PUBLIC, Limits(1000, 1)).send(Request(f"https://{host}/"))
    assert refused.value.reason in ("refused", "unreachable")


@pytest.mark.parametrize(
    "host",
    [
        "/var/run/postgresql", "@abstract", "legacy.example,127.0.0.1", "127.0.0.1 hostaddr=1",
        "legacy.example/other", "postgresql://127.0.0.1/", "ada@127.0.0.1", "", "a\nb",
    ],
)  # fmt: skip
def test_a_database_has_one_host(host: str) -> None:
    fields = {"engine": "postgresql", "host": host, "database": "legacy", "table": "wards",
              "key": ["id"], "secret_arn": "arn"}  # fmt: skip
    with pytest.raises(Rejected, match="/connection/host"):
        parse_connection("database", fields)


@pytest.mark.parametrize(
    "bucket",
    [
        "http://169.254.169.254", "169.254.169.254/latest", "arn:aws:s3:::other", "bucket@host",
        "bucket?x=", "bucket#", "..", "bucket%2f", "BUCKET",
    ],
)  # fmt: skip
def test_a_bucket_is_a_name_and_no_endpoint(bucket: str) -> None:
    with pytest.raises(Rejected, match="/connection/bucket"):
        parse_connection("s3", {"bucket": bucket})
    with pytest.raises(Rejected):
        parse_connection("s3", {"bucket": "legacy", "endpoint_url": "http://169.254.169.254"})


@pytest.mark.parametrize(
    "name", ["Host", "transfer-encoding", "Content-Length", "a b", "a\r\nb", ""]
)
def test_headers_say_nothing_about_the_connection(name: str) -> None:
    with pytest.raises(Rejected, match="/connection/headers"):
        parse_connection("rest", {"url": "https://api.example/", "headers": {name: "x"}})


@pytest.mark.parametrize("value", ["x\r\nHost: other", "x\n", "\0", "caf\u00e9 \u2713"])
def test_a_header_is_one_line(value: str) -> None:
    with pytest.raises(Rejected, match="/connection/headers"):
        parse_connection("rest", {"url": "https://api.example/", "headers": {"X-Team": value}})
