"""Which media type an Accept header prefers."""

import pytest

from waybill.http.media import prefers_csv


@pytest.mark.parametrize("accept", ["text/csv", "text/csv, */*;q=0.5", "Text/CSV;charset=utf-8",
                                    "application/json;q=0.5, text/csv;q=0.9"])  # fmt: skip
def test_csv(accept: str) -> None:
    assert prefers_csv(accept)


@pytest.mark.parametrize("accept", [None, "", "*/*", "application/json", "text/html",
                                    "text/csv;q=0",
                                    "text/csv, application/json", "text/csv;q=x"])  # fmt: skip
def test_json(accept: str | None) -> None:
    assert not prefers_csv(accept)
