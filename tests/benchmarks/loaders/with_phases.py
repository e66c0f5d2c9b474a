"""Plan, load and merge a file of hires: `with_phases.py PORT DATABASE DATASET FILE`.

Writes seconds and CPU of each step as JSON: CPU of this process, and of the server's processes.
"""

import json
import sys
import time
from collections import defaultdict
from pathlib import Path

from tests.benchmarks.load_contenders import waybill_on
from tests.benchmarks.server_processes import ServerCpu
from tests.postgres.databases import Database
from tests.stateful.fake_cloud import QUEUES, FakeCloud


class _Phases:
    """Sums by step."""

    def __init__(self, cloud: FakeCloud, server: ServerCpu) -> None:
        self._cloud, self._server = cloud, server
        self.found: dict[str, dict[str, float]] = {}

    def run(self) -> None:
        """Deliver all messages; each is of one step."""
        while any(self._cloud.queues.values()):
            for queue in QUEUES:
                while self._cloud.queues[queue]:
                    before = self._clocks()
                    self._cloud.deliver(queue, 0)
                    step = self.found.setdefault(queue, defaultdict(float))
                    for name, value in self._clocks().items():
                        step[name] += value - before[name]
                    step["messages"] += 1

    def _clocks(self) -> dict[str, float]:
        return {
            "seconds": time.perf_counter(),
            "cpu": time.process_time(),
            "server_cpu": self._server.seconds(),
        }


def main() -> None:
    """Load the file."""
    port, name, dataset, file = sys.argv[1:]
    database = Database(int(port), name)
    with waybill_on(database) as waybill:
        phases = _Phases(waybill.cloud, ServerCpu(database))
        waybill.land(Path(file), dataset)
        phases.run()
        counts = waybill.job()["waybill"]
    sys.stdout.write("\n" + json.dumps({"phases": phases.found, "waybill": counts}))


if __name__ == "__main__":
    main()
