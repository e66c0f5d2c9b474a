"""Runs a command and writes its seconds, CPU and memory: `launch.py RESULT LIMIT COMMAND …`.

It is killed after LIMIT seconds.

A small process of its own: a child's peak begins with that of the process that it was made by.
"""

import json
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

_MEGABYTE = 1024


def main() -> int:
    """Run it; its exit code."""
    result, limit, *command = sys.argv[1:]
    started = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ)
    timer = threading.Timer(float(limit), os.kill, (child, signal.SIGKILL))
    timer.start()
    _, status = os.waitpid(child, 0)
    timer.cancel()
    seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    with Path(result).open("w", encoding="utf-8") as file:
        json.dump(
            {
                "seconds": seconds,
                "cpu": usage.ru_utime + usage.ru_stime,
                "megabytes": usage.ru_maxrss / _MEGABYTE,
            },
            file,
        )
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
