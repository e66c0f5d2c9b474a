"""A job's chunks are sent a few at a time, and each is sent."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from waybill.flow_control import next_chunks


def test_the_first_chunks_are_sent_first() -> None:
    assert next_chunks(range(10), 3) == [0, 1, 2]
    assert next_chunks([0], 3) == [0]
    assert next_chunks([], 3) == []


def test_chunks_that_no_loader_will_send_are_sent_with_them() -> None:
    # 4 is done, so 7 is due; 5 sends 8.
    assert next_chunks([5, 6, 7, 8], 3) == [5, 6, 7]
    assert next_chunks([7, 8, 9], 1) == [7]


def sent(left: set[int], at_once: int) -> tuple[list[int], int]:
    """The chunks in the order of their sending, and how many were on their way at most."""
    queue = deque(next_chunks(left, at_once))
    order: list[int] = []
    most = len(queue)
    while queue:
        chunk = queue.popleft()
        order.append(chunk)
        if chunk + at_once in left:
            queue.append(chunk + at_once)
    return order, most


@given(st.sets(st.integers(0, 60)), st.integers(1, 8))
def test_every_chunk_is_sent_once(left: set[int], at_once: int) -> None:
    order, _ = sent(left, at_once)
    assert sorted(order) == sorted(left)


@given(st.integers(0, 60), st.integers(1, 8))
def test_at_most_one_window_of_chunks_is_in_the_queue(chunks: int, at_once: int) -> None:
    order, most = sent(set(range(chunks)), at_once)
    assert order == list(range(chunks))
    assert most <= at_once
