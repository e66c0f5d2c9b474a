"""Refreshing after a load that touched one of eight years, against one view of all years.

`python -m tests.benchmarks.refresh_one_of_eight_years [--rows 200000] [--rounds 5]`
"""

import argparse
import itertools

from functions.pipeline.refresh.refresh_stale import refresh_stale
from tests.benchmarks.company import company
from tests.benchmarks.measure import interleaved, say, seconds
from tests.postgres.databases import Connection, Database
from tests.sql.analytics.seed import hire, mark, owner

_ALL_YEARS = (
    "CREATE MATERIALIZED VIEW of_all_years AS"
    " SELECT extract(year FROM lower)::int AS year, v.* FROM generate_series("
    "   timestamptz '2018-01-01 00:00+00', timestamptz '2025-01-01 00:00+00', '1 year', 'UTC')"
    "   AS lower, LATERAL waybill.mv_hires_q_between(lower, lower + interval '1 year') AS v"
)


def _compare(database: Database, rounds: int) -> dict[str, float]:
    numbers = itertools.count(2_000_000_000)
    with owner(database) as connection, database.connect("waybill_refresh") as refresher:
        refresh_stale(refresher, seconds=3600)
        connection.execute(_ALL_YEARS.encode())
        key = "CREATE UNIQUE INDEX ON of_all_years (year, department_id, job_id)"
        connection.execute(key.encode())

        def load() -> None:
            hire(connection, next(numbers), "2021-05-05T00:00:00Z", 1, 1)
            mark(connection, "2021")

        def one_year() -> float:
            load()
            return seconds(lambda: refresh_stale(refresher, seconds=3600))

        def all_years() -> float:
            load()
            return seconds(lambda: _refresh_all(connection))

        return interleaved({"one year of eight": one_year, "one view of all": all_years}, rounds)


def _refresh_all(connection: Connection) -> None:
    connection.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY of_all_years")


def main() -> None:
    """Print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with company(arguments.rows) as database:
        times = _compare(database, arguments.rounds)
    for name, median in times.items():
        say(f"{name:20s}{median * 1000:10.1f} ms")
    one, whole = times.values()
    say(f"ratio at {arguments.rows} rows: 1/{whole / one:.1f}")


if __name__ == "__main__":
    main()
