"""Waybill on a file: `with_waybill.py PORT DATABASE DATASET LOADERS FILE [BEFORE]`.

Plan and merge run in this process, and so many loaders in processes of their own.
BEFORE is loaded first, and not measured. Writes what the load was as JSON.
"""

import json
import sys
import time
from contextlib import closing
from pathlib import Path

from tests.benchmarks.load_contenders import waybill_on
from tests.benchmarks.loaders.stage_object import peak_megabytes
from tests.benchmarks.server_processes import ServerCpu
from tests.benchmarks.warm_loaders import WarmLoaders
from tests.postgres.databases import Database


def main() -> None:
    """Load the file."""
    port, name, dataset, count, file, *before = sys.argv[1:]
    database = Database(int(port), name)
    with (
        waybill_on(database) as waybill,
        closing(WarmLoaders(database, int(count), waybill.files, waybill.send)) as loaders,
    ):
        for other in before:
            waybill.load(Path(other), dataset, loaders)
        server = ServerCpu(database)
        before_load = server.seconds()
        cpu = time.process_time() + loaders.cpu
        seconds = waybill.load(Path(file), dataset, loaders)
        run = {
            "seconds": seconds,
            "cpu": time.process_time() + loaders.cpu - cpu,
            "server_cpu": server.seconds() - before_load,
            "megabytes": max(peak_megabytes(), loaders.megabytes),
            "job": waybill.job(),
        }
    sys.stdout.write(json.dumps(run))


if __name__ == "__main__":
    main()
