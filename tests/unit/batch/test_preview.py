"""POST /datasets/{name}/preview shows records before and after the rules of a dataset."""

import base64
import gzip
from typing import TYPE_CHECKING, Any

import pytest

from functions.api.batch.handler import handle
from tests.unit.columns.contracts import column, contract
from tests.unit.http.api_client import ADMIN, STATE, ApiResponse, call
from waybill.http.principal import Principal
from waybill.masking import MASK
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CSV = {"Content-Type": "text/csv"}
RULES = {
    "trim": ["*"],
    "lower": ["species"],
    "null_words": {"ring": ["none"]},
    "filter": [{"column": "species", "not_in": ["total"]}],
}


@pytest.fixture(autouse=True)
def birds(aws: "S3Client") -> None:
    """Publish a dataset that only this test knows."""
    columns = (
        column("species", "text", nullable=False),
        column("ring", "int4"),
        column("seen", "date"),
        column("grams", "numeric"),
    )
    for name, rules in {"birds": RULES, "weighed": {**RULES, "where": "grams > 0"}}.items():
        made = contract(*columns, name=name, transformation=rules)
        StateBucket(aws, STATE).contracts.publish(made)


def preview(
    body: object, headers: dict[str, str] | None = None, query: str = "", **more: Any
) -> ApiResponse:
    return call(handle, "POST", f"/datasets/birds/preview{query}", body, headers, **more)


def test_a_file_is_shown_before_and_after() -> None:
    data = 'species,ring,seen,grams\n" Wren ",none,2024-05-01,9.50\nTOTAL,x,,\nCoot,x,now,1\n1,2\n'
    response = preview(data, CSV)
    assert response.status == 200, response.text
    shown = response.json()
    assert shown["columns"] == ["species", "ring", "seen", "grams"]
    assert shown["not_shown"] == []
    wren, total, coot, short = shown["records"]
    assert wren == {
        "line": 2,
        "raw": '" Wren ",none,2024-05-01,9.50',
        "outcome": "loaded",
        "rule": None,
        "before": {"species": " Wren ", "ring": "none", "seen": "2024-05-01", "grams": "9.50"},
        "after": {"species": "wren", "ring": None, "seen": "2024-05-01", "grams": "9.50"},
        "errors": [],
    }
    assert (total["line"], total["outcome"], total["after"]) == (3, "filtered", None)
    assert total["before"]["species"] == "TOTAL"
    assert (coot["outcome"], [error["column"] for error in coot["errors"]]) == (
        "rejected",
        ["ring", "seen"],
    )
    assert (short["line"], short["before"], short["errors"][0]["code"]) == (5, None, "field_count")


def test_rows_are_previewed_like_those_of_a_batch() -> None:
    rows = [{"species": " WREN ", "grams": 1.10}, {"species": "total"}, {"species": "a", "x": 1}]
    wren, total, unknown = preview({"rows": rows}).json()["records"]
    assert (wren["line"], wren["after"]["species"], wren["after"]["grams"]) == (1, "wren", "1.1")
    assert total["outcome"] == "filtered"
    assert unknown["errors"][0]["code"] == "unknown_field"


def test_a_preview_says_how_the_file_differs_from_the_table() -> None:
    (missing,) = preview("species,ring,seen\nWren,1,\n", CSV).json()["drift"]
    assert (missing["column"], missing["change"]) == ("grams", "missing")
    rows = [{"species": "a", "gram": 1}, {"species": "b", "ring": 2}]
    drift = [
        (each["column"], each["change"], each["nearest"], each["records"])
        for each in preview({"rows": rows}).json()["drift"]
    ]
    assert drift == [
        ("gram", "added", "grams", 1),
    ]


def test_numbers_of_rows_keep_every_digit() -> None:
    body = '{"rows": [{"species": "a", "grams": 1.10}, {"species": "b", "grams": 1e400}]}'
    first, second = preview(body).json()["records"]
    assert (first["after"]["grams"], second["before"]["grams"]) == ("1.10", "1e400")


def test_only_the_first_twenty_records_are_shown() -> None:
    lines = "".join(f"wren,{number},,\n" for number in range(1, 40))
    shown = preview(f"species,ring,seen,grams\n{lines}", CSV).json()["records"]
    assert [record["line"] for record in shown] == list(range(2, 22))


def test_a_compressed_file_can_be_previewed() -> None:
    data = gzip.compress(b"species,ring\nWren,1\n")
    headers = {"Content-Type": "application/octet-stream"}
    response = preview(base64.b64encode(data).decode(), headers, encoded=True)
    assert response.json()["records"][0]["after"] == {"species": "wren", "ring": 1}


def test_a_file_is_read_in_the_encoding_and_with_the_delimiter_that_are_named() -> None:
    data = base64.b64encode("species|ring\nGänsesäger|1\n".encode("latin-1")).decode()
    headers = {"Content-Type": "application/octet-stream"}
    undeclared = preview(data, headers, encoded=True).json()["records"][0]
    assert undeclared["outcome"] == "rejected"
    query = "?encoding=latin-1&delimiter=%7C"
    (record,) = preview(data, headers, query, encoded=True).json()["records"]
    assert record["after"] == {"species": "gänsesäger", "ring": 1}
    unknown = preview(data, headers, "?encoding=ebcdic", encoded=True)
    assert unknown.problem() == (422, "invalid-request")


def test_json_lines_can_be_previewed() -> None:
    headers = {"Content-Type": "application/x-ndjson"}
    (record,) = preview('{"species": "Wren", "seen": "2024-05-01"}\n', headers).json()["records"]
    assert (record["outcome"], record["after"]["seen"]) == ("loaded", "2024-05-01")


@pytest.mark.parametrize(
    ("body", "headers", "problem"),
    [
        ('{"rows": []}', None, (422, "invalid-request")),
        ("[]", None, (400, "malformed-json")),
        ('{"lines": []}', None, (422, "invalid-request")),
        ("colour,size\nred,1\n", CSV, (422, "unknown-columns")),
        ("a", {"Content-Type": "text/html"}, (415, "unsupported-media")),
    ],
)
def test_what_cannot_be_previewed_is_refused(
    body: str, headers: dict[str, str] | None, problem: tuple[int, str]
) -> None:
    assert preview(body, headers).problem() == problem


def test_an_unknown_dataset_has_no_preview() -> None:
    response = call(handle, "POST", "/datasets/fish/preview", {"rows": [{"a": 1}]})
    assert response.problem() == (404, "unknown-dataset")


def test_personal_values_are_masked_for_callers_without_the_right(aws: "S3Client") -> None:
    columns = (column("ring", "int4", personal=True), column("species", "text"))
    made = contract(*columns, name="ringed", personal=["ring"])
    StateBucket(aws, STATE).contracts.publish(made)
    rows = {"rows": [{"ring": 4711, "species": "Wren"}, {"ring": "secret"}, {"ring": None}]}
    loader = Principal("a-loader", "loader", None, ADMIN.expires_at)

    def ringed(caller: Principal) -> ApiResponse:
        return call(handle, "POST", "/datasets/ringed/preview", rows, caller=caller)

    shown = ringed(loader)
    valid, invalid, empty = shown.json()["records"]
    assert (valid["raw"], valid["before"]["ring"], valid["after"]["ring"]) == (MASK,) * 3
    assert (valid["after"]["species"], empty["after"]["ring"]) == ("Wren", None)
    assert invalid["errors"][0]["column"] == "ring"
    assert "4711" not in shown.text
    assert "secret" not in shown.text
    granted = ringed(loader._replace(personal=frozenset({"ringed"}))).json()["records"]
    assert (granted[0]["after"]["ring"], granted[1]["before"]["ring"]) == (4711, "secret")


def test_a_reader_cannot_preview() -> None:
    reader = Principal("a-reader", "reader", None, ADMIN.expires_at)
    assert preview({"rows": [{"species": "a"}]}, caller=reader).problem() == (403, "forbidden")


def test_without_a_database_the_rules_of_the_merge_are_not_shown() -> None:
    rows = {"rows": [{"species": "Wren", "grams": 0}, {"species": "total"}]}
    shown = call(handle, "POST", "/datasets/weighed/preview", rows).json()
    assert shown["not_shown"] == ["where"]
    assert shown["warnings"] == [
        "Shown without where, checks of the table: the database is not available, or too slow."
        " They are applied when the file is loaded."
    ]
    wren, total = shown["records"]
    assert (wren["outcome"], wren["rule"]) == ("loaded", None)
    assert (total["outcome"], total["rule"]) == ("filtered", "filter")


def test_a_preview_writes_nothing(aws: "S3Client") -> None:
    before = aws.list_objects_v2(Bucket=STATE)["Contents"]
    preview({"rows": [{"species": "a"}]})
    assert aws.list_objects_v2(Bucket=STATE)["Contents"] == before


def test_no_more_records_are_shown_than_fit_into_a_response() -> None:
    long = "x" * 190_000
    response = preview("species\n" + f"{long}\n" * 20, CSV)
    assert response.status == 200
    assert len(response.text.encode()) < 6_000_000
    shown = response.json()
    assert len(shown["records"]) == 13
    (warning,) = [text for text in shown["warnings"] if "fit" in text]
    assert warning == "Only 13 records are shown; more do not fit into a response."


def test_a_file_is_read_in_the_dialect_of_the_dataset(aws: "S3Client") -> None:
    made = contract(
        *(column("id", "int4"), column("said", "text")),
        name="birds",
        header="absent",
        delimiter="\x01",
        quote=None,
        escape="\\",
        escape_codes=True,
        null_words=("\\N",),
    )
    StateBucket(aws, STATE).contracts.publish(made)
    shown = preview('1\x01"a"\\tb\n2\x01\\N\nx\x01c\n', CSV).json()["records"]
    assert [record["before"] for record in shown] == [
        {"id": "1", "said": '"a"\tb'},
        {"id": "2", "said": None},
        {"id": "x", "said": "c"},
    ]
    assert [record["outcome"] for record in shown] == ["loaded", "loaded", "rejected"]
