"""Waybill's functions on a file: `with_waybill.py PORT DATABASE DATASET FILE [BEFORE]`.

BEFORE is loaded first, and not measured. Writes what the load was as JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path

from tests.benchmarks.load_contenders import waybill_on
from tests.postgres.databases import Database

_MEGABYTE = 1024


def main() -> None:
    """Load the file."""
    port, name, dataset, file, *before = sys.argv[1:]
    with waybill_on(Database(int(port), name)) as waybill:
        for other in before:
            waybill.load(Path(other), dataset)
        cpu = time.process_time()
        seconds = waybill.load(Path(file), dataset)
        run = {
            "seconds": seconds,
            "cpu": time.process_time() - cpu,
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE,
            "job": waybill.job(),
        }
    sys.stdout.write(json.dumps(run))


if __name__ == "__main__":
    main()
