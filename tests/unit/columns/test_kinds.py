"""Every kind of column: the values it accepts, and the error code of every other."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.unit.columns.checking import outcome
from tests.unit.columns.contracts import column, contract
from waybill.columns import codes
from waybill.contract.model import Column

NUMERIC = column("x", "numeric", type="numeric(5,2)", precision=5, scale=2)
THOUSANDS = column("x", "numeric", type="numeric(2,-3)", precision=2, scale=-3)
SMALL = column("x", "numeric", type="numeric(2,4)", precision=2, scale=4)
CODE = column("x", "varchar", max_length=3)
UUID = "0199e4a8-6b7c-7d3e-9f10-2A4B6C8D0E1F"


def checked(kind: str | Column, text: str) -> tuple[str, Any]:
    """("staged", value) or ("rejected", code), whether alone or next to a bad value."""
    tested = column("x", kind) if isinstance(kind, str) else kind
    things = contract(column("id", "text"), tested)
    alone = outcome(things, f"1,{text}".encode())
    beside = outcome(things, f"1,{text}\n2,!bad!\n".encode())
    responses = [
        ("staged", found.rows[0]["x"])
        if 1 not in found.rejects
        else ("rejected", found.codes(1)[0][1])
        for found in (alone, beside)
    ]
    assert str(responses[0]) == str(responses[1])
    return responses[0]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int2", "-32768", -32768),
        ("int2", "32767", 32767),
        ("int4", "-2147483648", -(2**31)),
        ("int4", "2147483647", 2**31 - 1),
        ("int4", "007", 7),
        ("int4", "-0", 0),
        ("int8", "-9223372036854775808", -(2**63)),
        ("int8", "9223372036854775807", 2**63 - 1),
        ("int8", "0" * 30 + "5", 5),
        (NUMERIC, "999.99", "999.99"),
        (NUMERIC, "-000999.9", "-000999.9"),
        (NUMERIC, ".5", ".5"),
        (NUMERIC, "5.", "5."),
        (NUMERIC, "1.500", "1.500"),
        (NUMERIC, "-999.99000000", "-999.99000000"),
        (NUMERIC, "5.0E-1", "5.0E-1"),
        (NUMERIC, "1e-02", "1e-02"),
        (NUMERIC, "1.5E+2", "1.5E+2"),
        (NUMERIC, "99999e-2", "99999e-2"),
        (NUMERIC, "0e-99", "0e-99"),
        ("numeric", "1e-05", "1e-05"),
        ("numeric", "1.5E7", "1.5E7"),
        ("numeric", "1e1000", "1e1000"),
        (THOUSANDS, "99e3", "99e3"),
        (THOUSANDS, "99000", "99000"),
        (THOUSANDS, "0", "0"),
        (SMALL, "0.0099", "0.0099"),
        ("numeric", "9" * 40 + "." + "1" * 40, "9" * 40 + "." + "1" * 40),
        ("float8", "-1.5e-3", -0.0015),
        ("float8", "1e308", 1e308),
        ("float8", "0e5", 0.0),
        ("float8", ".5", 0.5),
        ("float4", "0.1", 0.10000000149011612),
        ("bool", "TRUE", True),
        ("bool", "f", False),
        ("bool", "1", True),
        ("bool", "0", False),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("date", "0001-01-01", date(1, 1, 1)),
        ("date", "9999-12-31", date(9999, 12, 31)),
        ("timestamp", "2021-07-27 16:02:08.000001", datetime(2021, 7, 27, 16, 2, 8, 1)),  # noqa: DTZ001 - it has no zone
        ("timestamptz", "2021-07-27T16:02:08Z", datetime(2021, 7, 27, 16, 2, 8, tzinfo=UTC)),
        ("timestamptz", "2021-07-27 16:02:08.5+02", datetime(2021, 7, 27, 14, 2, 8, 500_000, UTC)),
        ("timestamptz", "2021-07-27T16:02:08-0330", datetime(2021, 7, 27, 19, 32, 8, 0, UTC)),
        ("timestamptz", "9999-12-31T23:59:59.999999Z", datetime.max.replace(tzinfo=UTC)),
        ("uuid", UUID, UUID),
        ("text", "now", "now"),
        (CODE, "añ٣", "añ٣"),
        ("inet", "whatever", "whatever"),
    ],
)
def test_valid_values_are_staged(kind: str | Column, text: str, value: object) -> None:
    assert checked(kind, text) == ("staged", value)


@pytest.mark.parametrize(
    ("kind", "texts", "code"),
    [
        (
            "int4",
            "0x10 1_000 5.4 1e3 +5 now infinity - -- 5- ٣ \uff11\uff12 0b1 1\u00a0 NaN true",
            codes.INVALID_INTEGER,
        ),
        ("int2", "32768 -32769 99999999999999999999", codes.OUT_OF_RANGE),
        ("int4", "2147483648 -2147483649", codes.OUT_OF_RANGE),
        (
            "int8",
            "9223372036854775808 -9223372036854775809 " + "9" * 6000,
            codes.OUT_OF_RANGE,
        ),
        (NUMERIC, "1e 1e+ e3 1e1.5 0x1 1_0 +1 NaN infinity . - 1..2 ٣ 1.2.3", codes.INVALID_NUMBER),
        (NUMERIC, "1.555 0.001 1e-3 1.5e-2 12345e-3", codes.TOO_MANY_DECIMALS),
        (
            NUMERIC,
            "1e3 9.9999e5 1e1001 1e-1001 1e99999999999999999999 1000 -1000.00 9999999999999",
            codes.OUT_OF_RANGE,
        ),
        (THOUSANDS, "12 99500 100000 1e2 1e5", codes.OUT_OF_RANGE),
        (SMALL, "0.01 1", codes.OUT_OF_RANGE),
        ("numeric", "1" * 131_073, codes.OUT_OF_RANGE),
        ("numeric", "1e1001 1e-1001 -1e131071 1e-16383 1e999999999999999999", codes.OUT_OF_RANGE),
        ("numeric", "1." + "1" * 16_384, codes.TOO_MANY_DECIMALS),
        ("float8", "nan inf -infinity 0x1p3 1e 1_0 . + 1d ٣", codes.INVALID_NUMBER),
        ("float8", "1e309 -1e999 1e-400 0.01e-400", codes.OUT_OF_RANGE),
        ("float4", "1e39 1e-50", codes.OUT_OF_RANGE),
        ("bool", "yes no on off 2 01 truE!", codes.INVALID_BOOLEAN),
        (
            "date",
            "2021-7-4 20210704 2021-02-30 2021-13-01 2023-02-29 1900-02-29 now infinity 21-01-01"
            " 2021-00-10 2021-01-00 2021/01/01 12021-01-01 ٢٠٢١-01-01 2021-01-01T00:00:00",
            codes.INVALID_DATE,
        ),
        ("date", "0000-01-01 0000-12-31", codes.OUT_OF_RANGE),
        (
            "timestamptz",
            "2021-02-30T00:00:00Z 2021-7-4T00:00:00Z now infinity 2021-07-27 2021-07-27T16:02Z"
            " 2021-07-27T16:02+01 2021-07-27T16+01:00 2021-07-27T24:00:00Z 2021-07-27T16:60:00Z"
            " 2021-07-27T23:59:60Z 2021-07-27T16:02:08.Z 2021-02-30T16:02:08.1234567Z"
            " 2021-07-27T16:02:08z 2021-07-27t16:02:08Z 2021-07-27T160208Z 20210727T160208Z"
            " 2021-07-27T16:02:08+1 2021-07-27T16:02:08+24:00 2021-07-27T16:02:08+01:60"
            " epoch today 1627401728",
            codes.INVALID_TIMESTAMP,
        ),
        (
            "timestamptz",
            "2021-07-27T16:02:08 2021-07-27T16:02:08.5",
            codes.TIMESTAMP_WITHOUT_ZONE,
        ),
        (
            "timestamptz",
            "2021-07-27T16:02:08.1234567Z 2025-04-01T00:00:00.069866160Z"
            " 2021-07-27T16:02:08.0000001+02:00",
            codes.TOO_MANY_DECIMALS,
        ),
        ("timestamp", "2021-07-27T16:02:08.1234567", codes.TOO_MANY_DECIMALS),
        ("timestamptz", "0001-01-01T00:00:00+05 9999-12-31T23:59:59-01", codes.OUT_OF_RANGE),
        (
            "timestamp",
            "2021-07-27T16:02:08Z 2021-07-27T16:02:08+02 2021-07-27T16:02:08.25-02:00",
            codes.TIMESTAMP_WITH_ZONE,
        ),
        ("timestamp", "2021-07-27 2021-07-27T16:02 2021-02-29T16:02:08", codes.INVALID_TIMESTAMP),
        (
            "uuid",
            f"{{{UUID}}} {UUID.replace('-', '')} {UUID[:-1]} {UUID[:-1]}g",
            codes.INVALID_UUID,
        ),
        (CODE, "abcd ññññ", codes.TOO_LONG),
    ],
)
def test_invalid_values_are_rejected_with_their_code(
    kind: str | Column, texts: str, code: str
) -> None:
    for text in texts.split(" "):
        assert checked(kind, text) == ("rejected", code), text


def test_every_code_is_explained() -> None:
    named = {value for name, value in vars(codes).items() if name.isupper() and name != "MEANINGS"}
    assert named <= set(codes.MEANINGS)
