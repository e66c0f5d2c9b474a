"""Rows without a key: each record is a row, or is identified by its content."""

from tests.sql.staging import Ledger


def test_appending_is_exact_by_job(ledger: Ledger) -> None:
    ledger.declare(
        "CREATE TABLE log (at timestamptz NOT NULL, what text);"
        "SELECT waybill.register_dataset('log')",
    )
    job = ledger.load("log", 1, [("2026-01-01 00:00+00", "x"), ("2026-01-01 00:00+00", "x")])
    assert ledger.merge(job)["outcome"] == "ended"
    assert ledger.rows("SELECT count(*) FROM log") == [(2,)]
    ledger.load("log", 2, [("2026-01-01 00:00+00", "x")])
    assert ledger.rows("SELECT count(*) FROM log") == [(3,)]


def test_documents_are_identified_by_their_content(ledger: Ledger) -> None:
    first = ledger.load(
        "ingested_data",
        1,
        [
            ('{"b": [1, {"z": " x ", "y": 2}], "a": "Ann@Example.ORG "}',),
            ('{"when": "2026-07-04"}',),
            ("not json",),
        ],
    )
    assert ledger.waybill(first) == {"read": 3, "inserted": 2, "rejected": 1}
    again = ledger.load(
        "ingested_data",
        2,
        [
            ('{"when": " 2026-07-04"}',),
            ('{ "a":"ann@example.org","b":[1.0,{"y":2,"z":"x"}] }',),
            ('{"a": "ann@example.org", "b": [1, {"y": 2, "z": "x"}]}',),
        ],
    )
    assert ledger.waybill(again) == {"read": 3, "unchanged": 2, "superseded": 1}
    ((payload, metadata),) = ledger.rows(
        "SELECT payload, metadata - 'job_id' FROM ingested_data WHERE payload ? 'when'"
    )
    assert (payload, metadata) == ({"when": "2026-07-04"}, {"filename": "f", "line": 2})


def test_content_identity_for_a_table_without_a_key(ledger: Ledger) -> None:
    ledger.declare(
        "CREATE TABLE readings (station text, value numeric, content text NOT NULL UNIQUE);"
        "SELECT waybill.register_dataset('readings', content_key => 'content')",
    )
    ledger.load("readings", 1, [("n", "1.5"), ("s", "2"), ("n", "1.5")])
    job = ledger.load("readings", 2, [("s", "2"), ("w", "3")])
    assert ledger.waybill(job) == {"read": 2, "unchanged": 1, "inserted": 1}
    assert ledger.rows("SELECT station FROM readings ORDER BY 1") == [("n",), ("s",), ("w",)]
