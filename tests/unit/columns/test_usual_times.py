"""Times that need no pattern are found as patterns find them."""

import re
from collections.abc import Sequence
from unittest import mock

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.columns.contracts import column
from waybill.columns import times
from waybill.columns.check import check_column
from waybill.columns.usual_times import DATE, NAIVE, ZONED, in_usual_form

_DATES = ("2021-07-27", "2020-02-29", "2021-02-29", "0000-12-31", "9999-12-31", "2021-00-10")
_CLOCKS = ("16:02:08", "23:59:59", "24:00:00", "19:60:00", "16:02")
_ZONES = ("", "Z", "+02", "-0230", "+02:00", "+19:59", "-20:00", "+23:59", "+24:00", "+02:60")
_DECIMALS = ("", ".5", ".123456", ".1234560", ".1234567", ".000000", ".")
_CHARACTERS = "0123456789-:+.TZ é\0"


def _digits(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map("{:02}".format)


_ANY_DATE = st.builds("{:04}-{}-{}".format, st.integers(0, 9999), _digits(0, 14), _digits(0, 33))
_ANY_CLOCK = st.builds("{}:{}:{}".format, _digits(0, 26), _digits(0, 61), _digits(0, 61))
_PARTS = st.tuples(
    st.sampled_from(_DATES) | _ANY_DATE,
    st.sampled_from("T  t"),
    st.sampled_from(_CLOCKS) | _ANY_CLOCK,
    st.sampled_from(_DECIMALS),
    st.sampled_from(_ZONES),
)


@st.composite
def _damaged(draw: st.DrawFn) -> str:
    """A time, or nearly one."""
    text = "".join(draw(_PARTS))
    place = draw(st.integers(0, len(text) - 1))
    return text[:place] + draw(st.sampled_from(_CHARACTERS)) + text[place + 1 :]


_TEXTS = (
    _PARTS.map("".join) | _damaged() | st.sampled_from(_DATES) | _ANY_DATE | st.text(max_size=45)
)
_COLUMNS = st.lists(st.none() | _TEXTS, max_size=40)


def _array(texts: Sequence[str | None]) -> pa.Array:
    # Cut from a longer one, whose first bytes are others.
    return pa.array(["2021-", *texts, "x"], pa.string()).slice(1, len(texts))


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
@given(texts=_COLUMNS)
@example(
    texts=["2021-07-27T16:02:08Z", "2021-07-27T24:02:08Z", "2021-07-27T16:02:08.1234560Z", "bad"]
)
@example(texts=["2021-07-27T16:02:08-02:00", "2021-07-27T16:02:08+02:00", None, "bad"])
@example(texts=["2020-02-29", "2021-11-31", "2021-02-29", "2021-02-28", "2021-13-01", "bad"])
def test_the_result_is_that_of_patterns_alone(kind: str, texts: list[str | None]) -> None:
    tested, strings = column("x", kind), _array(texts)
    found = check_column(tested, strings)
    with mock.patch.object(times, "in_usual_form", lambda rows, _: np.zeros(len(rows), bool)):
        expected = check_column(tested, strings)
    assert found.values.equals(expected.values)
    described = [
        [(each.code, each.expected, each.advice, each.rows.tolist()) for each in one.violations]
        for one in (found, expected)
    ]
    assert described[0] == described[1]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (DATE, "2021-12-{:02}"),
        (NAIVE, "2021-12-{:02}T23:59:59"),
        (NAIVE, "2021-12-{:02} 23:59:59.123"),
        (ZONED, "2021-12-{:02}T16:02:08Z"),
        (ZONED, "2021-12-{:02}T16:02:08.123456Z"),
        (ZONED, "2021-12-{:02}T16:02:08+02:00"),
        (ZONED, "2021-12-{:02} 16:02:08-02"),
    ],
)
def test_usual_times_need_no_pattern(form: re.Pattern[bytes], text: str) -> None:
    usual = [text.format(day) for day in range(1, 32)]
    assert in_usual_form(_array(usual), form).all()
    among_others = _array(["!" * len(text), *usual, None, "", "32"])
    assert in_usual_form(among_others, form).tolist() == [False, *[True] * 31, *[False] * 3]
