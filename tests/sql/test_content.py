"""The normal form of documents: every rule keeps the value, and nothing else is changed."""

import json
from typing import Any

import pytest

from tests.sql.staging import Ledger


def normalised(ledger: Ledger, document: Any) -> Any:
    ((found,),) = ledger.rows("SELECT waybill.normalised(%s)", json.dumps(document))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Ana \n", "Ana"),
        ("Ana@Example.COM", "ana@example.com"),
        (" A.B+c@mail.example.org ", "a.b+c@mail.example.org"),
        ("2026-07-04T10:00:00+02:00", "2026-07-04T08:00:00Z"),
        ("2026-07-04 10:00Z", "2026-07-04T10:00:00Z"),
        ("2026-07-04T10:00:00.500000-0330", "2026-07-04T13:30:00.5Z"),
        ("2026-01-01T00:30:00+01", "2025-12-31T23:30:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_texts_are_normalised(ledger: Ledger, text: str, expected: str) -> None:
    assert normalised(ledger, {"a": [text]}) == {"a": [expected]}


@pytest.mark.parametrize(
    "text",
    [
        "2025.01.02",
        "2025.1.2",
        "1234/5/6",
        "2026/7/4",
        "2026-7-4",
        "2026-07-04",
        "04/07/2026",
        "2026-07-04T10:00:00",
        "2026-02-30T10:00:00Z",
        "2026-07-04T24:00:00Z",
        "2026-07-04T23:59:60Z",
        "2026-07-04T10:00:00.1234567Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-01:00",
        "12026-07-04T10:00:00Z",
        "0044-03-15 BC",
        "Ana <Ana@Example.com>",
        "@Types/Node@20.1",
        "User@Host",
        "A@1.2",
        "Ñandú@Example.com",
        "Ana@Example.com, Bob@Example.com",
        "1e5000",
        "A  b",
    ],
)
def test_other_texts_stay_unchanged(ledger: Ledger, text: str) -> None:
    assert normalised(ledger, {"a": {"b": text}}) == {"a": {"b": text}}


def test_numbers_lose_only_trailing_zeros(ledger: Ledger) -> None:
    ((text,),) = ledger.rows(
        """SELECT waybill.normalised('{"b": [1.500, 100, 0.10, -0.0, 1e3], "a": null}')::text"""
    )
    assert text == '{"a": null, "b": [1.5, 100, 0.1, 0, 1000]}'


def test_empty_objects_and_arrays_and_other_scalars_stay(ledger: Ledger) -> None:
    document: dict[str, Any] = {"a": {}, "b": [], "c": [True, None, [[]]], "d": ""}
    assert normalised(ledger, document) == document


def test_different_documents_have_different_hashes(ledger: Ledger) -> None:
    documents = [{"build": "2025.01.02"}, {"build": "2025.1.2"}, {"build": "2025-01-02"}]
    hashes = {
        ledger.rows("SELECT waybill.content_hash(%s)", json.dumps(document))[0][0]
        for document in documents
    }
    assert len(hashes) == 3
