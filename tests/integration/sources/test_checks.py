"""The check of a connection, from the API through the function that reads sources."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from functions.api.sources import check_source
from functions.pipeline.extract.handler import handle as extract
from tests.cloud.lambda_events import Context
from tests.integration.sources.api_server import Fault, serving
from tests.integration.sources.conftest import Api

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class FakeLambda:
    """Calls the function in this process."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def invoke(self, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert FunctionName == "extract"
        answer = self._answer(json.loads(Payload))
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], None]:
    """Call it with what the function `extract` does."""

    def answer_by(answer: Answer) -> None:
        monkeypatch.setattr(check_source, "lambda_client", lambda: FakeLambda(answer))

    return answer_by


def created(api: Api, url: str) -> str:
    connection = {"url": url, "records": "data", "pages": {"kind": "cursor", "next": "meta.next"}}
    source = {"name": "harbour", "kind": "rest", "connection": connection, "dataset": "departments"}
    response = api("POST", "/data-sources", source)
    assert response.status == 201, response.text
    return f"/data-sources/{response.json()['id']}/test"


def test_the_first_five_records_are_shown(api: Api, answering: Callable[[Answer], None]) -> None:
    answering(lambda event: dict(extract(event, Context())))
    with serving([{"id": n, "department": "x" * 600} for n in range(9)]) as remote:
        response = api("POST", created(api, f"{remote.url}/cursor"))
    assert response.status == 200, response.text
    records = response.json()["records"]
    assert [record["id"] for record in records] == [0, 1, 2, 3, 4]
    assert {len(record["department"]) for record in records} == {500}


def test_what_the_source_refuses_is_said(api: Api, answering: Callable[[Answer], None]) -> None:
    answering(lambda event: dict(extract(event, Context())))
    with serving([]) as remote:
        remote.faults.append(Fault(status=404))
        response = api("POST", created(api, f"{remote.url}/cursor"))
    assert response.problem() == (422, "source-unreadable")


def test_a_function_that_fails_is_not_an_answer(
    api: Api, answering: Callable[[Answer], None]
) -> None:
    path = created(api, "https://api.example/departments")
    answering(lambda _: {"errorMessage": "out of memory"})
    assert api("POST", path).problem() == (503, "source-check-failed")

    def too_late(_: object) -> dict[str, Any]:
        raise ReadTimeoutError(endpoint_url="https://lambda")

    answering(too_late)
    assert api("POST", path).problem() == (503, "source-check-failed")
