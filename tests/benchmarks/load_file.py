r"""Loading one file: Waybill beside `\copy`, an expert's script and other tools, interleaved.

`python -m tests.benchmarks.load_file [--rows 1000000] [--rounds 3] [--only fresh] [--loaders 2]`
`--keep` writes `load_file.json`, `load_file.svg` and the tables of the READMEs.

Waybill's chunks are loaded by as many warm processes as there are cores, the rest by one.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from tests.benchmarks.company import DEPARTMENTS, JOBS, YEARS, add_hires, migrated_cluster
from tests.benchmarks.hires_file import Hires
from tests.benchmarks.load_contenders import Psql, months
from tests.benchmarks.load_peers import PEERS, SIMPLE, Peers, installed
from tests.benchmarks.load_report import describe, keep, say_case
from tests.benchmarks.load_runs import Contenders, Run, interleaved_runs
from tests.benchmarks.server_processes import ServerCpu
from tests.benchmarks.warm_loaders import LOADERS
from tests.postgres.databases import Database
from tests.postgres.roles import create_test_roles
from tests.sql.analytics.seed import add_year, owner

_COLUMNS = "id int NOT NULL, name text NOT NULL, hire_dt timestamptz NOT NULL"
_TABLES = f"""
CREATE TABLE hires_by_month (
    {_COLUMNS},
    department_id int REFERENCES departments, job_id int REFERENCES jobs,
    PRIMARY KEY (id, hire_dt)
) PARTITION BY RANGE (hire_dt);
CREATE INDEX ON hires_by_month (department_id, job_id, hire_dt);
SELECT waybill.register_dataset('hires_by_month', natural_key => '{{id}}', partition_unit => 'month');
CREATE TABLE {SIMPLE} ({_COLUMNS}, department_id int, job_id int);
SELECT waybill.register_dataset('{SIMPLE}', write_disposition => 'append');
GRANT ALL ON {SIMPLE} TO waybill_admin;
GRANT CREATE ON SCHEMA public TO waybill_admin;
"""  # noqa: E501 - read by PostgreSQL
YEAR, MONTH = "hired_employees", "hires_by_month"
_MILLION = 1_000_000
_BASES = (5, 20)
"""Millions of rows of the populated tables."""


@dataclass(frozen=True)
class Bench:
    """Databases to start from, files, the programs of the peers, and how many loaders there are."""

    folder: Path
    programs: Path
    templates: Mapping[str, Database]
    numbers: "count[int]"
    loaders: int = LOADERS

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
        name = f"{hires.first}_{hires.rows}_{hires.bad}_{hires.header}.csv"
        return hires.write(self.folder / name)

    def psql(
        self, template: str, hires: Hires, script: Callable[[Psql, Path, str], Run], table: str
    ) -> Run:
        """A script."""
        file = self.file(hires)
        with self.copy_of(template) as database:
            psql = Psql(self.programs / "psql", database, self.folder)
            run = with_server_cpu(database, lambda: script(psql, file, table))
            return replace(run, outcome=_outcome(run, database, table))

    def peer(self, name: str, hires: Hires) -> Run:
        """Another tool."""
        file = self.file(hires)
        load, table = PEERS[name]
        with self.copy_of("empty") as database, tempfile.TemporaryDirectory() as folder:
            peers = Peers(database, Path(folder))
            run = with_server_cpu(database, lambda: load(peers, file))
            return replace(run, outcome=_outcome(run, database, table))

    def waybill(self, template: str, hires: Hires, table: str, before: Hires | None = None) -> Run:
        """Waybill, whose waybill must be right."""
        files = [str(self.file(each)) for each in (hires, before) if each]
        with self.copy_of(template) as database:
            run = run_waybill(database, table, *files, loaders=self.loaders)
            job = run.pop("job")
            return Run(**run, outcome=_check(job, hires))


def with_server_cpu(database: Database, load: Callable[[], Run]) -> Run:
    server = ServerCpu(database)
    before = server.seconds()
    run = load()
    return replace(run, server_cpu=server.seconds() - before)


def run_waybill(
    database: Database, table: str, *files: str, loaders: int = LOADERS
) -> dict[str, Any]:
    """Load the first of the files, after the others, which are not measured."""
    program = [sys.executable, "-m", "tests.benchmarks.loaders.with_waybill"]
    command = [*program, str(database.port), database.name, table, str(loaders), *files]
    written = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    # The functions' log lines come before it.
    run: dict[str, Any] = json.loads(written.splitlines()[-1])
    return run


def _check(job: Mapping[str, Any], hires: Hires) -> str:
    if job["state"] == "DUPLICATE":
        return "recognised as a duplicate"
    counts = job["waybill"]
    written = counts["inserted"] + counts["unchanged"]
    if counts["read"] != hires.rows or written + counts["rejected"] != hires.rows:
        raise RuntimeError(f"not what the file has: {counts}")
    kept = f", {counts['rejected']:,} kept with line and reasons" if counts["rejected"] else ""
    return f"{written:,} rows{kept}"


def _outcome(run: Run, database: Database, table: str) -> str:
    """What is in the table; how many columns a tool made as text that are none."""
    with database.connect() as admin:
        made = admin.execute("SELECT to_regclass(%s)", (table,)).fetchone()
        if made is None or made[0] is None:
            return f"{run.outcome or 'stopped'}, nothing loaded"
        rows = admin.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        texts = admin.execute(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = %s::regclass"
            " AND attnum IN (1, 3, 4, 5) AND atttypid IN ('text'::regtype, 'varchar'::regtype)",
            (table,),
        ).fetchone()
    assert rows is not None
    assert texts is not None
    stopped = f"{run.outcome or 'stopped'}, " if run.failed else ""
    return f"{stopped}{rows[0]:,} rows" + (f", {texts[0]} columns as text" if texts[0] else "")


def _empty_table(bench: Bench, rows: int, table: str) -> Contenders:
    clean = Hires(rows)
    return {
        r"\copy": lambda: bench.psql("with partitions", clean, Psql.copy, table),
        "expert's script": lambda: bench.psql("empty", clean, Psql.expert, table),
        "Waybill, 0 % bad": lambda: bench.waybill("empty", clean, table),
        "Waybill, 1 % bad": lambda: bench.waybill("empty", Hires(rows, bad=0.01), table),
        "Waybill, 50 % bad": lambda: bench.waybill("empty", Hires(rows, bad=0.5), table),
        "Waybill, partitions there": lambda: bench.waybill("with partitions", clean, table),
    }


def fresh(bench: Bench, rows: int) -> Contenders:
    r"""An empty table by year, which keeps its 8 partitions, keys and references."""
    again = replace(Hires(rows), header=True)
    return {
        **_empty_table(bench, rows, YEAR),
        "Waybill, same bytes": lambda: bench.waybill("empty", Hires(rows), YEAR, Hires(rows)),
        "Waybill, same rows": lambda: bench.waybill("empty", again, YEAR, Hires(rows)),
    }


def monthly(bench: Bench, rows: int) -> Contenders:
    """The same by month: 96 partitions."""
    return _empty_table(bench, rows, MONTH)


def _populated(millions: int) -> Callable[[Bench, int], Contenders]:
    """A table with rows; the keys of the file are above them, or new ones below."""
    template = _template(millions)

    def contenders(bench: Bench, rows: int) -> Contenders:
        above, below = Hires(rows, first=millions * _MILLION + 1), Hires(rows, first=-rows)
        return {
            r"\copy": lambda: bench.psql(template, above, Psql.copy, YEAR),
            "expert's script": lambda: bench.psql(template, above, Psql.ordered, YEAR),
            "Waybill, keys above": lambda: bench.waybill(template, above, YEAR),
            "Waybill, keys below": lambda: bench.waybill(template, below, YEAR),
        }

    return contenders


def _template(millions: int) -> str:
    return f"{millions} million rows"


def _simple_table(bench: Bench, hires: Hires) -> Contenders:
    others = {name: lambda name=name: bench.peer(name, hires) for name in installed()}
    return {
        r"\copy": lambda: bench.psql("empty", hires, Psql.copy, SIMPLE),
        "on_error ignore": lambda: bench.psql("empty", hires, Psql.copy_ignoring, SIMPLE),
        "Waybill": lambda: bench.waybill("empty", hires, SIMPLE),
        **others,
    }


def _simple(bad: float) -> Callable[[Bench, int], Contenders]:
    return lambda bench, rows: _simple_table(bench, Hires(rows, bad=bad))


CASES: Mapping[str, Callable[[Bench, int], Contenders]] = {
    "fresh": fresh,
    "fresh by month": monthly,
    **{f"populated, {millions} M": _populated(millions) for millions in _BASES},
    "simple table, 0 % bad": _simple(0.0),
    "simple table, 1 % bad": _simple(0.01),
    "simple table, 50 % bad": _simple(0.5),
}


@contextmanager
def opened(names: Sequence[str], files: Path | None) -> Iterator[Bench]:
    with (
        tempfile.TemporaryDirectory(prefix="waybill-files-") as temporary,
        migrated_cluster() as (database, postgres),
    ):
        folder = files or Path(temporary)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        with database.connect() as admin:
            create_test_roles(admin)
        with owner(database) as connection:
            for table, rows in (("departments", DEPARTMENTS), ("jobs", JOBS)):
                values = f"SELECT g, '{table} ' || g FROM generate_series(1, {rows}) AS g"
                connection.execute(f"INSERT INTO {table} {values}".encode())
            connection.execute(_TABLES.encode())
        parts = database.clone("with_partitions")
        with owner(parts) as connection:
            for year in YEARS:
                add_year(connection, year)
            for suffix, lower, upper in months():
                part = f"CREATE TABLE {MONTH}_{suffix} PARTITION OF {MONTH}"
                connection.execute(f"{part} FOR VALUES FROM ({lower}) TO ({upper})".encode())
        templates = {"empty": database, "with partitions": parts}
        bench = Bench(folder, postgres.programs(), templates, count())
        for millions in _BASES:
            if f"populated, {millions} M" in names:
                templates[_template(millions)] = _filled(parts, millions)
        yield bench


def _filled(parts: Database, millions: int) -> Database:
    """A copy with rows, which the server makes."""
    database = parts.clone(f"filled_{millions}")
    with owner(database) as connection:
        add_hires(connection, millions * _MILLION)
        # Now, and not while loads are measured.
        connection.execute("VACUUM (ANALYZE) hired_employees")
    return database


def main() -> None:
    """Print the medians, and how many times as fast as the first each is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="the beginning of a case's name")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--files", type=Path, help="where the files are kept for other runs")
    parser.add_argument("--loaders", type=int, default=LOADERS)
    arguments = parser.parse_args()
    names = [name for name in CASES if name.startswith(arguments.only)]
    with opened(names, arguments.files) as opened_bench:
        bench = replace(opened_bench, loaders=arguments.loaders)
        for name in names:
            result = describe(arguments.rows, arguments.rounds)
            contenders = CASES[name](bench, arguments.rows)
            found = interleaved_runs(contenders, arguments.rounds)
            say_case(name, found)
            if arguments.keep:
                keep(name, found, result)


if __name__ == "__main__":
    main()
