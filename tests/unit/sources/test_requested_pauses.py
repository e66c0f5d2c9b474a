"""Retry-After is a number of seconds or a date, and whatever else it is does no harm."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from waybill.outbound.http import Response, retry_after


def pause(text: str) -> float | None:
    return retry_after(Response(429, {"retry-after": text}, b"", "https://api.example/"))


def test_seconds_and_dates_are_understood() -> None:
    assert pause("120") == 120
    assert pause("0") == 0
    assert pause("Thu, 01 Jan 2026 00:00:00 GMT") == 0
    in_an_hour = pause(format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))
    assert in_an_hour is not None
    assert 3590 < in_an_hour <= 3600


@pytest.mark.parametrize(
    "text",
    ["", "soon", "-1", "1.5", "1e400", "Thu, 01 Jan 2026 00:00:00", "Thu, 32 Jan 2026 00:00:00 GMT",
     "Thu, 01 Jan 99999 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 +9999999999999999"],
)  # fmt: skip
def test_what_is_neither_is_no_pause(text: str) -> None:
    assert pause(text) is None


def test_a_pause_is_finite() -> None:
    assert pause("9" * 400) == 86400 * 365
