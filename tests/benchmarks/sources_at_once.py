"""Fifty sources of every kind at once, on a local stack of their own: from the run to the table.

`python -m tests.benchmarks.sources_at_once [--rows 1000]`

Twenty APIs (each kind of pages, each with every fault once), ten tables of another PostgreSQL, ten
of MariaDB and ten prefixes of objects, one of them with 200 files; each into a table of its own.
"""

import argparse
import tempfile
import time
from pathlib import Path

import httpx
import psycopg

from infra.local.status import Status
from tests.benchmarks.measure import percentile, say
from tests.e2e.legacy_systems import (
    FAULTS,
    PAGES,
    Connection,
    LegacySystems,
    create,
    legacy_systems,
    loaded_ids,
)
from tests.own_stack import own_stack

_PATIENCE_SECONDS = 900.0
_FILES = 200
# Of the run and of what it copied: a source of objects has a job for each of them.
_TIMES = """
SELECT r.name, extract(epoch FROM max(j.finished_at) - min(run.created_at))
FROM waybill.source_runs AS r
JOIN waybill.ingestion_jobs AS run USING (job_id)
JOIN waybill.ingestion_jobs AS j ON j.dataset = run.dataset
GROUP BY r.name
"""


def _connections(legacy: LegacySystems, rows: int) -> dict[str, Connection]:
    numbers, kinds = range(rows), list(PAGES)
    made = {f"by_{kinds[n % 4]}_{n}": legacy.api(kinds[n % 4], numbers, FAULTS) for n in range(20)}
    for n in range(10):
        made[f"pg_{n}"] = legacy.postgresql_table(f"wards_{n}", numbers)
        made[f"maria_{n}"] = legacy.mariadb_table(f"wards_{n}", numbers)
        files = _FILES if n == 0 else 4
        groups = [numbers[first::files] for first in range(files)]
        made[f"objects_{n}"] = legacy.objects(f"wards_{n}", groups)
    return made


def _await_rows(status: Status, names: list[str], rows: int) -> None:
    """Wait until every table has its rows.

    Raises:
        RuntimeError: one does not get them.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for name in names:
        while (found := loaded_ids(str(status.database_url), name)) != [*range(rows)]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} has {len(found)} rows.")
            time.sleep(1)


def main() -> None:
    """Print p50, p95 and the longest, in seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as text, own_stack(Path(text), say) as stack:
        status = stack.status()
        headers = {"Authorization": f"Bearer {stack.issuer().fresh_token()}"}
        with (
            legacy_systems(stack.clients()) as legacy,
            httpx.Client(base_url=str(status.api), headers=headers, timeout=60) as http,
        ):
            sources = {
                name: create(http, status, name, connection)
                for name, connection in _connections(legacy, rows).items()
            }
            for source_id in sources.values():
                http.post("jobs", json={"source_id": source_id}).raise_for_status()
            _await_rows(status, list(sources), rows)
        with psycopg.connect(str(status.database_url)) as admin:
            times = {str(name): float(took) for name, took in admin.execute(_TIMES)}
    _report(times, rows)


def _report(times: dict[str, float], rows: int) -> None:
    say(f"{len(times)} sources of {rows} rows at once, seconds from the run to the table")
    for kind in ("by_", "pg_", "maria_", "objects_", ""):
        found = [took for name, took in times.items() if name.startswith(kind)]
        p50, p95 = percentile(found, 0.5), percentile(found, 0.95)
        say(f"  {kind or 'all':10} p50 {p50:6.1f}  p95 {p95:6.1f}  longest {max(found):6.1f}")


if __name__ == "__main__":
    main()
