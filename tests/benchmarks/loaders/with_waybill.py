"""Waybill's functions on a file: `with_waybill.py PORT DATABASE DATASET FILE [BEFORE]`.

BEFORE is loaded first, and not measured. Writes what the load was as JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path

from tests.benchmarks.load_contenders import waybill_on
from tests.benchmarks.server_processes import ServerCpu
from tests.postgres.databases import Database

_MEGABYTE = 1024


def main() -> None:
    """Load the file."""
    port, name, dataset, file, *before = sys.argv[1:]
    database = Database(int(port), name)
    with waybill_on(database) as waybill:
        for other in before:
            waybill.load(Path(other), dataset)
        server = ServerCpu(database)
        before_load = server.seconds()
        cpu = time.process_time()
        seconds = waybill.load(Path(file), dataset)
        run = {
            "seconds": seconds,
            "cpu": time.process_time() - cpu,
            "server_cpu": server.seconds() - before_load,
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE,
            "job": waybill.job(),
        }
    sys.stdout.write(json.dumps(run))


if __name__ == "__main__":
    main()
