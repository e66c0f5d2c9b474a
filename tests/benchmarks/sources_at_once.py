"""Fifty sources of every kind at once, on a local stack of their own: from the run to the table.

`python -m tests.benchmarks.sources_at_once [--rows 1000] [--one-dataset]`

Twenty APIs (each kind of pages, each with every fault once), ten tables of another PostgreSQL, ten
of MariaDB and ten prefixes of objects, one of them with 200 files; each into a table of its own.
With `--one-dataset` all go into one table, and every file is partial: their merges take turns.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import httpx
import psycopg

from infra.local.status import Status
from tests.benchmarks.measure import percentile, say
from tests.e2e.legacy_systems import (
    FAULTS,
    PAGES,
    Connection,
    LegacySystems,
    create_dataset,
    create_source,
    legacy_systems,
    loaded_ids,
)
from tests.own_stack import own_stack

_PATIENCE_SECONDS = 900.0
_FILES = 200
_ONE = "wards"
# Of the run and of what it copied: a source of objects has a job for each of them.
_TIMES = """
SELECT r.name, extract(epoch FROM max(j.finished_at) - min(run.created_at))
FROM waybill.source_runs AS r
JOIN waybill.ingestion_jobs AS run USING (job_id)
JOIN waybill.ingestion_jobs AS j ON j.dataset = run.dataset
    AND (j.job_id = run.job_id OR j.object_key LIKE '%/sources/' || r.name || '/%')
GROUP BY r.name
"""
# How often a step was tried, by how it ended.
_ATTEMPTS = """
SELECT step, outcome, count(*) FROM waybill.job_runs GROUP BY step, outcome ORDER BY step, outcome
"""
# From the end of one merge to the start of the next: a turn that is missed shows as a pause.
_PAUSES = """
SELECT extract(epoch FROM r.started_at - lag(r.finished_at) OVER (ORDER BY j.finished_at))
FROM waybill.job_runs AS r
JOIN waybill.ingestion_jobs AS j USING (job_id)
WHERE r.step = 'merge' AND r.outcome = 'ok'
    AND j.finished_at BETWEEN r.started_at AND r.finished_at
"""


class _Source(NamedTuple):
    name: str
    dataset: str
    numbers: range
    connection: Connection


def _sources(legacy: LegacySystems, rows: int, *, one_dataset: bool) -> list[_Source]:
    names = [f"by_{list(PAGES)[n % 4]}_{n}" for n in range(20)]
    names += [f"{kind}_{n}" for kind in ("pg", "maria", "objects") for n in range(10)]
    found = []
    for place, name in enumerate(names):
        first = place * rows if one_dataset else 0
        numbers = range(first, first + rows)
        connection = _connection(legacy, name, numbers, partial=one_dataset)
        found.append(_Source(name, _ONE if one_dataset else name, numbers, connection))
    return found


def _connection(legacy: LegacySystems, name: str, numbers: range, *, partial: bool) -> Connection:
    kind, *pages, number = name.split("_")
    if kind == "by":
        return legacy.api(pages[0], numbers, FAULTS)
    if kind == "pg":
        return legacy.postgresql_table(f"wards_{number}", numbers)
    if kind == "maria":
        return legacy.mariadb_table(f"wards_{number}", numbers)
    files = _FILES if number == "0" else 4
    groups = [numbers[first::files] for first in range(files)]
    return legacy.objects(f"wards_{number}", groups, partial=partial)


def _await_rows(status: Status, sources: list[_Source]) -> None:
    """Wait until every table has its rows.

    Raises:
        RuntimeError: one does not get them.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for dataset in {source.dataset: None for source in sources}:
        expected = [n for source in sources if source.dataset == dataset for n in source.numbers]
        while (found := loaded_ids(str(status.database_url), dataset)) != expected:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{dataset} has {len(found)} rows.")
            time.sleep(1)


def main() -> None:
    """Print p50, p95 and the longest, in seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--one-dataset", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as text, own_stack(Path(text), say) as stack:
        status = stack.status()
        headers = {"Authorization": f"Bearer {stack.issuer().fresh_token()}"}
        with (
            legacy_systems(stack.clients()) as legacy,
            httpx.Client(base_url=str(status.api), headers=headers, timeout=60) as http,
        ):
            sources = _sources(legacy, given.rows, one_dataset=given.one_dataset)
            for dataset in {source.dataset: None for source in sources}:
                create_dataset(str(status.database_url), dataset)
            ids = [create_source(http, s.name, s.dataset, s.connection) for s in sources]
            for source_id in ids:
                http.post("jobs", json={"source_id": source_id}).raise_for_status()
            _await_rows(status, sources)
        with psycopg.connect(str(status.database_url)) as admin:
            times = {str(name): float(took) for name, took in admin.execute(_TIMES)}
            attempts = admin.execute(_ATTEMPTS).fetchall()
            pauses = [float(took) for (took,) in admin.execute(_PAUSES) if took is not None]
    _report(times, given.rows)
    say("  attempts: " + ", ".join(f"{step} {ended} {n}" for step, ended, n in attempts))
    if given.one_dataset:
        p50, p95 = percentile(pauses, 0.5), percentile(pauses, 0.95)
        say(f"  between merges: p50 {p50:.2f}, p95 {p95:.2f}, longest {max(pauses):.2f} s")


def _report(times: dict[str, float], rows: int) -> None:
    say(f"{len(times)} sources of {rows} rows at once, seconds from the run to the table")
    for kind in ("by_", "pg_", "maria_", "objects_", ""):
        found = [took for name, took in times.items() if name.startswith(kind)]
        p50, p95 = percentile(found, 0.5), percentile(found, 0.95)
        say(f"  {kind or 'all':10} p50 {p50:6.1f}  p95 {p95:6.1f}  longest {max(found):6.1f}")


if __name__ == "__main__":
    main()
