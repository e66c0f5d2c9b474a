"""Limits how many chunks of one job are in the queue at a time.

A huge file has more chunks than there are loaders. If all were sent at once, every small file
that arrives later would wait behind them. So at most `at_once` chunks are sent, and finishing
chunk n sends chunk n + at_once.

A chunk is written before checking whether to send it, and finished before looking up the next
one, each in a transaction of its own: at least one of planner and loader sees both. If both do,
the chunk is sent twice and staged once.
"""

from collections.abc import Iterable


def next_chunks(not_done: Iterable[int], at_once: int) -> list[int]:
    """The unfinished chunks that no running loader will send.

    These are the first `at_once` chunks of a job, and each chunk that comes `at_once` after a
    finished one.
    """
    left = set(not_done)
    return sorted(chunk for chunk in left if chunk - at_once not in left)
