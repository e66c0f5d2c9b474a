"""CPU seconds of a PostgreSQL server: of the postmaster and of all processes that it started."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def server_cpu(pid: int) -> float:
    """CPU seconds so far; those of processes that have ended are the postmaster's children's."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_seconds(int(each), 2) for each in children) + _seconds(pid, 4)


def _seconds(pid: int, count: int) -> float:
    """Of the first `count` fields: user, system, and both of the children that have ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, stat.rpartition(")")[2].split()[11 : 11 + count])) / _TICKS
