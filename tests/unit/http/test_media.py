"""Which representation a client gets."""

import pytest

from waybill.errors import NotAcceptable
from waybill.http.media import Representation, choose_representation, prefers_csv


@pytest.mark.parametrize("accept", ["text/csv", "text/csv, */*;q=0.5", "Text/CSV;charset=utf-8",
                                    "application/json;q=0.5, text/csv;q=0.9"])  # fmt: skip
def test_csv(accept: str) -> None:
    assert prefers_csv(accept)


@pytest.mark.parametrize("accept", [None, "", "*/*", "application/json", "text/html",
                                    "text/csv;q=0",
                                    "text/csv, application/json", "text/csv;q=x"])  # fmt: skip
def test_json(accept: str | None) -> None:
    assert not prefers_csv(accept)


PARQUET, ARROW = "application/vnd.apache.parquet", "application/vnd.apache.arrow.file"


@pytest.mark.parametrize(
    ("accept", "requested", "chosen"),
    [
        (None, None, "json"),
        ("", None, "json"),
        ("*/*", None, "json"),
        ("application/*", None, "json"),
        ("text/*", None, "csv"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", None, "json"),
        ("text/csv;q=0.5, application/x-ndjson;q=0.75", None, "jsonl"),
        ("application/json;q=0, */*", None, "csv"),
        ("application/json;q=0.1, application/*", None, "jsonl"),
        ("Text/CSV ; header=present ; Q=0.9, application/json;q=0.8", None, "csv"),
        (PARQUET, None, "parquet"),
        (f"{ARROW}, application/json", None, "json"),
        (f"{ARROW}, application/json;q=0.9", None, "arrow"),
        # The gateway would send base64.
        (f"application/json;q=0.5, {PARQUET}", None, "json"),
        ("application/json", "csv", "csv"),
        (PARQUET, "parquet", "parquet"),
        (f"{PARQUET};q=0.5, */*", "parquet", "parquet"),
        (PARQUET, "json", "json"),
    ],
)
def test_the_preferred_representation(
    accept: str | None, requested: Representation | None, chosen: Representation
) -> None:
    assert choose_representation(accept, requested) == chosen


@pytest.mark.parametrize(
    ("accept", "requested", "detail"),
    [
        ("text/html", None, "application/json, text/csv"),
        ("*/*;q=0", None, "must be the first"),
        ("text/csv;q=2", None, "application/json"),
        (f"text/html, {PARQUET}", None, "must be the first"),
        (None, "parquet", f"Send `Accept: {PARQUET}`"),
        (PARQUET, "arrow", f"Send `Accept: {ARROW}`"),
    ],
)
def test_nothing_acceptable(
    accept: str | None, requested: Representation | None, detail: str
) -> None:
    with pytest.raises(NotAcceptable, match="not-acceptable") as error:
        choose_representation(accept, requested)
    assert detail in error.value.detail
