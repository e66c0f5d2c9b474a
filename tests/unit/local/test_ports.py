import socket
from collections.abc import Iterator

import pytest

from infra.local.ports import PortTakenError, choose_port
from infra.local.postgres import free_port


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_the_usual_port_when_it_is_free() -> None:
    said: list[str] = []
    usual = free_port()
    assert choose_port("it", chosen=None, variable="V", usual=usual, say=said.append) == usual
    assert said == []


def test_another_port_with_a_notice_when_the_usual_is_taken(taken: int) -> None:
    said: list[str] = []
    port = choose_port("it", chosen=None, variable="V", usual=taken, say=said.append)
    assert port != taken
    assert f"Port {taken} is in use by" in said[0]
    assert "V" in said[0]


def test_a_chosen_port_that_is_taken_is_an_error_with_a_remedy(taken: int) -> None:
    with pytest.raises(PortTakenError, match=rf"Port {taken} is in use by .*V=\d+"):
        choose_port("it", chosen=taken, variable="V", usual=1, say=print)
