"""The work of files, in CPU seconds, and what follows for a database of some size.

The smallest file that was measured gives what a file takes in any case, the middle one what a GB
takes. A core of Aurora is taken to be one of the machine that was measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.cost import load as per
from infra.cost import prices
from infra.cost.model import monthly_cost
from infra.environments import ENVIRONMENTS
from tests.benchmarks.kept import read_data

PROD = ENVIRONMENTS["prod"]
_LOADERS = PROD.chunks_at_once
"""Chunks of one file that are loaded at a time."""
CHUNK_GB = 64 / 1024
_CORES_PER_ACU = 1 / per.ACU_PER_CORE
_WORKER_GB, _SMALL_GB = 1769 / 1024, 0.5
DAY = 86_400
"""Seconds."""
_MOST_ACU = 128
MERGE_LIMIT = 86_400
"""Seconds that a merge may take (`merge_time_limit`)."""


@dataclass(frozen=True)
class Work:
    """CPU seconds: what one file takes in any case, and what each GB takes."""

    fixed: float
    per_gb: float

    @classmethod
    def of(cls, small: tuple[float, float], middle: tuple[float, float]) -> "Work":
        """Through two points of GB and seconds."""
        per_gb = max(0.0, (middle[1] - small[1]) / (middle[0] - small[0]))
        return cls(max(0.0, small[1] - per_gb * small[0]), per_gb)

    def seconds(self, gb: float) -> float:
        """Of a file."""
        return self.fixed + self.per_gb * gb


@dataclass(frozen=True)
class Model:
    """The work of each step."""

    plan: Work
    load: Work
    """Of the loaders."""
    copy: Work
    """Of the server, for what the loaders send."""
    merge: Work
    """Of the server."""
    parallel: float
    """Cores that a merge uses at most: its indexes are built by several processes."""

    @classmethod
    def of(cls, runs: Sequence[Mapping[str, Any]]) -> "Model":
        """From the two smaller sizes."""
        small, middle = runs[0], runs[1]

        def work(step: str, key: str) -> Work:
            return Work.of(*((run["gb"], run["steps"][step][key]) for run in (small, middle)))

        merged = middle["steps"]["merge"]
        return cls(
            work("plan", "cpu"),
            work("load", "cpu"),
            work("load", "server_cpu"),
            work("merge", "server_cpu"),
            max(1.0, merged["server_cpu"] / merged["seconds"]),
        )

    def cpu(self, gb: float) -> dict[str, float]:
        """CPU seconds of a file by step, of loaders and server together."""
        return {
            "plan": self.plan.seconds(gb),
            "load": self.load.seconds(gb) + self.copy.seconds(gb),
            "merge": self.merge.seconds(gb),
        }

    def file(self, gb: float, acu: float) -> dict[str, float]:
        """Seconds of a file by what limits them, on a database that does nothing else."""
        cores = acu * _CORES_PER_ACU
        loaders = min(_LOADERS, max(1.0, gb / CHUNK_GB))
        loading, copying = (
            self.load.seconds(gb) / loaders,
            self.copy.seconds(gb) / min(cores, loaders),
        )
        return {
            "one reader": self.plan.seconds(gb),
            "loaders": loading if loading >= copying else 0.0,
            "database, COPY": copying if copying > loading else 0.0,
            "one merge": self.merge.seconds(gb) / min(cores, self.parallel),
        }

    def day(self, gb: float) -> "Day":
        """A day of so many GB, in files of 64 MB, into tables that have rows."""
        files = gb / CHUNK_GB
        merge = self.merge.seconds(CHUNK_GB) * populated()
        server = (self.copy.seconds(CHUNK_GB) + merge) * files
        worker = (self.plan.seconds(CHUNK_GB) + self.load.seconds(CHUNK_GB)) * files
        return Day(gb, server, worker, merge / self.parallel * files)


@dataclass(frozen=True)
class Day:
    """CPU seconds of the server and of the functions, and seconds in which something is merged."""

    gb: float
    server: float
    worker: float
    merging: float

    def acu(self, seconds: float = DAY) -> float:
        """What the server's work takes if it comes in this time; at least the least of `prod`."""
        return max(self.server / seconds / _CORES_PER_ACU, PROD.least_acu)

    def datasets(self, seconds: float = DAY) -> float:
        """Merges of one dataset come one after another: how many must share the load."""
        return max(1.0, self.merging / seconds)

    @property
    def costs(self) -> dict[str, float]:
        """USD a month: compute and functions of this model, the rest as `infra.cost` has it."""
        costs = dict(monthly_cost(PROD, per.Load(gb_per_day=self.gb)))
        instances = 1 + PROD.readers
        costs["Aurora compute"] = self.acu() * instances * per.HOURS * prices.ACU_HOUR
        seconds = self.worker * _WORKER_GB + self.merging * _SMALL_GB
        costs["Lambda"] = seconds * per.DAYS * prices.LAMBDA_GB_SECOND
        return costs

    def limit(self, seconds: float = DAY) -> str:
        """What is short first if it comes in this time."""
        if self.acu(seconds) > _MOST_ACU:
            return "the largest database"
        if self.datasets(seconds) > 1:
            return "merges of one dataset"
        return "cores" if self.acu(seconds) > PROD.least_acu else "nothing"


def populated() -> float:
    """How much more of the server's CPU a load into a table with rows takes, measured."""
    cases = read_data("load_file")["cases"]
    with_rows = cases["populated, 5 M"]["Waybill, keys above"]["server_cpu"]
    return max(1.0, float(with_rows / cases["fresh"]["Waybill, 0 % bad"]["server_cpu"]))
