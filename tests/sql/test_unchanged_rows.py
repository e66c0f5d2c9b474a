"""A row is unchanged if it is stored byte for byte as the file has it."""

import pytest

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register

REPRESENTATIONS = {
    "interval": ("1 mon", "30 days"),
    "interval of a day": ("24:00:00", "1 day"),
    "numeric": ("1.0", "1.00"),
    "float8": ("0", "-0"),
    "bpchar": ("a", "a "),
    "jsonb": ('{"a": 1.0}', '{"a": 1.00}'),
    "json": ('{"a":1}', '{"a": 1}'),
    "timetz": ("12:00+00", "13:00+01"),
    "numrange": ("[1.0,2)", "[1.00,2)"),
    "inet": ("10.0.0.1/8", "10.0.0.2/8"),
    "numeric[]": ("{1.0}", "{1.00}"),
    "interval[]": ("{1 mon}", "{30 days}"),
}


@pytest.mark.parametrize("kind", REPRESENTATIONS)
def test_unchanged_means_identical_in_representation(ledger: Ledger, kind: str) -> None:
    before, after = REPRESENTATIONS[kind]
    register(ledger, f"CREATE TABLE t (id int PRIMARY KEY, v {kind.split(' of ', maxsplit=1)[0]})")
    ledger.load("t", 1, [(1, before), (2, None)])
    assert ledger.waybill(ledger.load("t", 2, [(1, before), (2, None)])) == {
        "read": 2,
        "unchanged": 2,
    }
    job = ledger.load("t", 3, [(1, after), (2, None)])
    assert ledger.waybill(job) == {"read": 2, "updated": 1, "unchanged": 1}
