"""What becomes of a message, by how its handling ends."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import sqs_record
from waybill import queues
from waybill.errors import Busy, Rejected, Retryable, Unavailable
from waybill.ids import new_id
from waybill.messages import ChunkMessage
from waybill.queues import consume, delay_seconds, send


def record(body: str, *, tries: int = 0, receives: int = 1, receipt: str = "r") -> dict[str, Any]:
    return sqs_record(
        body,
        message_id=f"id of {body}",
        receipt_handle=receipt,
        receives=receives,
        attributes={"tries": str(tries)} if tries else {},
    )


def raises(error: Exception) -> Callable[[str], None]:
    def one(_: str) -> None:
        raise error

    return one


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Delays of nothing, so that what is sent again is there; gives the tries asked for."""
    asked: list[int] = []

    def none(tries: int) -> int:
        asked.append(tries)
        return 0

    monkeypatch.setattr(queues, "delay_seconds", none)
    return asked


def test_a_rejected_input_is_acknowledged(cloud: Cloud) -> None:
    answer = consume(
        {"Records": [record("a")]}, raises(Rejected("bad", "x")), cloud.queues["chunks"]
    )
    assert answer == {"batchItemFailures": []}
    assert cloud.waiting("chunks") == 0


@pytest.mark.parametrize("error", [Busy("b", "x"), Unavailable("u", "x")])
def test_what_must_wait_is_sent_again_and_acknowledged(
    cloud: Cloud, at_once: list[int], error: Exception
) -> None:
    event = {"Records": [record("a", tries=3)]}
    assert consume(event, raises(error), cloud.queues["chunks"]) == {"batchItemFailures": []}
    (again,) = cloud.take("chunks")
    assert again["body"] == "a"
    assert again["messageAttributes"]["tries"]["stringValue"] == "4"
    assert at_once == [3]


@pytest.mark.parametrize("error", [ValueError("x"), Retryable("r", "x")])
def test_the_unforeseen_counts_and_comes_back_soon(
    cloud: Cloud, at_once: list[int], error: Exception
) -> None:
    url = cloud.queues["chunks"]
    cloud.sqs.send_message(QueueUrl=url, MessageBody="a")
    (message,) = cloud.sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)["Messages"]
    event = {"Records": [record("a", receives=2, receipt=message["ReceiptHandle"])]}
    answer = consume(event, raises(error), url)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id of a"}]}
    assert at_once == [2]
    assert [found["body"] for found in cloud.take("chunks")] == ["a"]


def test_one_bad_message_leaves_its_neighbours_alone(cloud: Cloud) -> None:
    seen: list[str] = []

    def one(body: str) -> None:
        seen.append(body)
        if body == "bad":
            raise KeyError(body)

    event = {"Records": [record("a"), record("bad"), record("b")]}
    answer = consume(event, one, cloud.queues["chunks"])
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id of bad"}]}
    assert seen == ["a", "bad", "b"]


def test_a_message_that_cannot_be_sent_again_fails(cloud: Cloud) -> None:
    missing = cloud.queues["chunks"] + "-missing"
    answer = consume({"Records": [record("a")]}, raises(Busy("b", "x")), missing)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id of a"}]}


def test_any_number_of_messages_is_sent(cloud: Cloud) -> None:
    job = new_id()
    messages = [ChunkMessage(job_id=job, chunk=number) for number in range(23)]
    assert send(cloud.queues["chunks"], messages) == 23
    sent = sorted(body["chunk"] for body in cloud.bodies("chunks"))
    assert sent == list(range(23))


def test_what_the_queue_refuses_is_sent_again(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Any = cloud.sqs.send_message_batch
    calls: list[list[str]] = []

    def refuse_first(**call: list[dict[str, str]]) -> dict[str, Any]:
        calls.append([entry["Id"] for entry in call["Entries"]])
        if len(calls) > 1:
            return dict(real(**call))
        kept = {**call, "Entries": call["Entries"][1:]}
        refused = {"Id": "0", "SenderFault": False, "Code": "InternalError"}
        return {**real(**kept), "Failed": [refused]}

    monkeypatch.setattr(cloud.sqs, "send_message_batch", refuse_first)
    job = new_id()
    send(cloud.queues["chunks"], (ChunkMessage(job_id=job, chunk=number) for number in range(3)))
    assert calls == [["0", "1", "2"], ["0"]]
    assert cloud.waiting("chunks") == 3


def test_a_queue_that_is_away_is_unavailable(cloud: Cloud) -> None:
    with pytest.raises(Unavailable):
        send(cloud.queues["chunks"] + "-missing", [ChunkMessage(job_id=new_id(), chunk=0)])


def test_delays_grow_to_a_minute_and_vary() -> None:
    assert {delay_seconds(0) for _ in range(100)} == {0, 1}
    assert max(delay_seconds(30) for _ in range(200)) in range(50, 61)
    assert len({delay_seconds(30) for _ in range(200)}) > 20
