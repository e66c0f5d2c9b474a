"""How many chunks of one job are on their way at a time.

A huge file has more chunks than there are loaders. Sent all at once they would stand in the
queue before every small file that comes after them, so at most `at_once` are sent, and the end
of chunk n sends chunk n + at_once. The queue is fair about the rest.

A chunk is laid down before it is looked at whether its turn has come, and is done before it is
looked at which chunk comes next, each in a transaction of its own: of the planner and the loader
at least one sees both. If both do, the chunk is sent twice, and staged once.
"""

from collections.abc import Iterable


def next_chunks(not_done: Iterable[int], at_once: int) -> list[int]:
    """Of the chunks that are not done, those that nobody's end will send.

    The first `at_once` chunks of a job, and whatever comes `at_once` after one that is done.
    """
    left = set(not_done)
    return sorted(chunk for chunk in left if chunk - at_once not in left)
