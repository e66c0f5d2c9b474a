r"""Loading one file: Waybill beside `\copy` and an expert's script, interleaved, as ratios.

`python -m tests.benchmarks.load_file [--rows 1000000] [--base 5000000] [--rounds 3] [--only fresh]`
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.benchmarks.company import DEPARTMENTS, JOBS, YEARS, migrated_cluster
from tests.benchmarks.hires_file import Hires
from tests.benchmarks.load_contenders import Psql, Waybill, waybill_on
from tests.benchmarks.measure import interleaved, say, seconds
from tests.postgres.databases import Database
from tests.postgres.roles import create_test_roles
from tests.sql.analytics.seed import add_year, owner

_BY_MONTH = """
CREATE TABLE hires_by_month (
    id int NOT NULL, name text NOT NULL, hire_dt timestamptz NOT NULL,
    department_id int REFERENCES departments, job_id int REFERENCES jobs,
    PRIMARY KEY (id, hire_dt)
) PARTITION BY RANGE (hire_dt);
CREATE INDEX ON hires_by_month (department_id, job_id, hire_dt);
SELECT waybill.register_dataset('hires_by_month', natural_key => '{id}', partition_unit => 'month');
"""


@dataclass(frozen=True)
class Bench:
    """Databases to start from, files, and the program of the peers."""

    folder: Path
    programs: Path
    templates: Mapping[str, Database]
    numbers: "count[int]"

    @contextmanager
    def copy_of(self, template: str) -> Iterator[Database]:
        """A database of its own that starts as the template."""
        database = self.templates[template].clone(f"run_{next(self.numbers)}")
        try:
            yield database
        finally:
            database.drop()

    def file(self, hires: Hires) -> Path:
        """The file of these hires."""
        return hires.write(self.folder / f"{hires.first}_{hires.rows}_{hires.bad}.csv")

    def by_psql(self, template: str, hires: Hires, way: Callable[[Psql, Path], None]) -> float:
        """Seconds of a script."""
        file = self.file(hires)
        with self.copy_of(template) as database:
            return seconds(lambda: way(Psql(self.programs / "psql", database), file))

    def by_waybill(self, template: str, hires: Hires, dataset: str = "hired_employees") -> float:
        """Seconds of a load through Waybill, whose waybill must be right."""
        file = self.file(hires)
        with self.copy_of(template) as database, waybill_on(database) as waybill:
            took = waybill.load(file, dataset)
            _check(waybill, hires)
        return took

    def again(self, template: str, hires: Hires) -> float:
        """Seconds of the second load of a file through Waybill."""
        file = self.file(hires)
        with self.copy_of(template) as database, waybill_on(database) as waybill:
            waybill.load(file)
            return waybill.load(file)


def _check(waybill: Waybill, hires: Hires) -> None:
    counts = waybill.job()["waybill"]
    if counts["read"] != hires.rows or counts["inserted"] + counts["rejected"] != hires.rows:
        raise RuntimeError(f"not what the file has: {counts}")


Contenders = Mapping[str, Callable[[], float]]


def fresh(bench: Bench, rows: int, _: int) -> Contenders:
    r"""A table that is empty; the first is the measure of the others."""
    clean = Hires(rows)
    return {
        r"\copy": lambda: bench.by_psql("with years", clean, Psql.copy),
        "expert's script": lambda: bench.by_psql("empty", clean, Psql.expert),
        "Waybill, 0 % bad": lambda: bench.by_waybill("empty", clean),
        "Waybill, 1 % bad": lambda: bench.by_waybill("empty", Hires(rows, bad=0.01)),
        "Waybill, 50 % bad": lambda: bench.by_waybill("empty", Hires(rows, bad=0.5)),
        "Waybill, by month": lambda: bench.by_waybill("empty", clean, "hires_by_month"),
        "Waybill, same again": lambda: bench.again("empty", clean),
    }


def populated(bench: Bench, rows: int, base: int) -> Contenders:
    """A table with `base` rows; the keys of the file are above them, or new ones below."""
    above = Hires(rows, first=base + 1)
    below = Hires(rows, first=-rows)
    return {
        r"\copy": lambda: bench.by_psql("populated", above, Psql.copy),
        "expert's script": lambda: bench.by_psql("populated", above, Psql.ordered),
        "Waybill, keys above": lambda: bench.by_waybill("populated", above),
        "Waybill, keys below": lambda: bench.by_waybill("populated", below),
    }


CASES = {"fresh": fresh, "populated": populated}


@contextmanager
def _bench(base: int, only: str | None) -> Iterator[Bench]:
    with (
        tempfile.TemporaryDirectory(prefix="waybill-files-") as folder,
        migrated_cluster() as (database, postgres),
    ):
        Path(folder).chmod(0o755)
        with database.connect() as admin:
            create_test_roles(admin)
        with owner(database) as connection:
            connection.execute(_BY_MONTH.encode())
            for table, rows in (("departments", DEPARTMENTS), ("jobs", JOBS)):
                values = f"SELECT g, '{table} ' || g FROM generate_series(1, {rows}) AS g"
                connection.execute(f"INSERT INTO {table} {values}".encode())
        years = database.clone("with_years")
        with owner(years) as connection:
            for year in YEARS:
                add_year(connection, year)
        templates = {"empty": database, "with years": years}
        bench = Bench(Path(folder), postgres.programs(), templates, count())
        if only != "fresh":
            templates["populated"] = database.clone("populated")
            with waybill_on(templates["populated"]) as waybill:
                waybill.load(bench.file(Hires(base)))
        yield bench


def main() -> None:
    """Print the medians, and how many times as fast as the first each is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--base", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=CASES)
    arguments = parser.parse_args()
    with _bench(arguments.base, arguments.only) as bench:
        for name, case in CASES.items():
            if arguments.only in {None, name}:
                contenders = case(bench, arguments.rows, arguments.base)
                times = interleaved(contenders, arguments.rounds)
                measure = next(iter(times.values()))
                say(f"{name}, {arguments.rows} records, medians of {arguments.rounds} rounds")
                for contender, median in times.items():
                    say(f"  {contender:22s}{median:8.2f} s   {measure / median:6.2f} x")


if __name__ == "__main__":
    main()
