"""Sending messages to SQS."""

from typing import Any

import pytest

from tests.cloud.fixtures import Cloud
from waybill.errors import Unavailable
from waybill.ids import new_id
from waybill.messages import ChunkMessage
from waybill.queues import send


def test_any_number_of_messages_is_sent(cloud: Cloud) -> None:
    job = new_id()
    messages = [ChunkMessage(job_id=job, chunk=number) for number in range(23)]
    assert send(cloud.queues["chunks"], messages) == 23
    sent = sorted(body["chunk"] for body in cloud.bodies("chunks"))
    assert sent == list(range(23))


def test_refused_messages_are_sent_again(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_an_unreachable_queue_is_unavailable(cloud: Cloud) -> None:
    with pytest.raises(Unavailable):
        send(cloud.queues["chunks"] + "-missing", [ChunkMessage(job_id=new_id(), chunk=0)])
