"""Limits of the process that decodes a file: memory, time and the disk."""

import resource
from pathlib import Path

# Of CPU time between two batches: whoever takes longer does not end in useful time.
_SECONDS = 60


def limit_memory(budget: int) -> None:
    """Let allocations fail that exceed what is allocated now by more than the budget.

    A file of a few bytes can claim to unpack to gigabytes, in many ways: the limit holds for all
    of them, known or not.
    """
    status = Path("/proc/self/status").read_text("ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmData"))
    limit = int(kilobytes) * 1024 + budget
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def renew_time() -> None:
    """Give the process its time for the next batch."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (used + _SECONDS, hard))
