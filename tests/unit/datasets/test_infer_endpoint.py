"""POST /datasets/infer proposes a dataset for a file."""

import base64
import gzip
from typing import Any

import pytest

from functions.api.datasets.handler import handle
from tests.unit.http.api_client import ADMIN, ApiResponse, call
from waybill.http.principal import Principal

pytestmark = pytest.mark.usefixtures("aws")
CSV = {"Content-Type": "text/csv"}


def infer(body: object, query: str = "name=birds.csv", **more: Any) -> ApiResponse:
    return call(handle, "POST", f"/datasets/infer?{query}", body, CSV, **more)


def test_a_file_gives_a_dataset_file_with_evidence() -> None:
    response = infer("id,species\n1,Wren\n2,Coot\n")
    assert response.status == 200, response.text
    found = response.json()
    assert found["name"] == "birds"
    assert [column["type"] for column in found["columns"]] == ["integer", "text"]
    assert "CREATE TABLE birds (" in found["sql"]
    assert "Wren" not in response.text


def test_the_beginning_of_a_compressed_file_is_enough() -> None:
    packed = gzip.compress(b"".join(b"%d,%x\n" % (n, n * n) for n in range(9000)))[:-500]
    found = infer(
        base64.b64encode(packed).decode(), "name=x&whole=false&header=absent", encoded=True
    ).json()
    assert found["compression"] == "gzip"
    assert found["complete"] is False
    assert found["records"] > 1000


@pytest.mark.parametrize(("rows", "status"), [(-1, 200), (0, 200), (1, 413)])
def test_a_body_of_bytes_may_have_exactly_the_limit(rows: int, status: int) -> None:
    data = b"a\n1\n".ljust(4 * 1024**2 + rows, b"1")
    sent = base64.b64encode(data).decode()
    assert infer(sent, "name=x&whole=false&header=present", encoded=True).status == status


@pytest.mark.parametrize(
    ("body", "query", "problem"),
    [
        ("", "name=x", (422, "empty-file")),
        ("a,b\n1,2\n", "name=x&header=maybe", (422, "invalid-request")),
        ("a,b\n1,2\n", "", (422, "invalid-request")),
        ("_landed,b\n1,2\n", "name=x", (422, "unusable-name")),
    ],
)
def test_what_cannot_be_inferred_is_refused(
    body: str, query: str, problem: tuple[int, str]
) -> None:
    response = infer(body, query)
    assert response.status == problem[0], response.text


def test_a_reader_cannot_infer() -> None:
    reader = Principal("a-reader", "reader", None, ADMIN.expires_at)
    assert infer("a\n1\n", caller=reader).problem() == (403, "forbidden")
