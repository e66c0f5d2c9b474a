r"""What a load must cost: the steps that no loader can leave out, each beside the one before.

`python -m tests.benchmarks.load_steps [--rows 1000000] [--rounds 3] [--keep]`

Reading and checking is measured by itself, and so is writing: a binary `\copy` into the partitions,
with neither stage nor check, then with keys, index and references. The sum of the two is what a
loader costs that checks every record, and writes each row once, to the table that Waybill loads.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.benchmarks.company import YEARS
from tests.benchmarks.hires_file import Hires
from tests.benchmarks.kept import machine, machine_line, table, write_data, write_part
from tests.benchmarks.load_contenders import COLUMNS, Psql, months
from tests.benchmarks.load_file import MONTH, YEAR, Bench, opened, with_server_cpu
from tests.benchmarks.load_runs import Run, interleaved_runs
from tests.benchmarks.measure import say
from tests.postgres.databases import Database

NAME = "load_steps"
Case = Mapping[str, Mapping[str, Any]]
_TYPES = "id int, name text, hire_dt timestamptz, department_id int, job_id int"
_MEMORY = "SET maintenance_work_mem = '256MB';\n"
_BINARY = " (format binary)"
TARGETS: Mapping[str, float] = {"4.5 times \\copy": 4.5, "the expert's script": 1.0}


def _parts(name: str) -> Iterator[tuple[str, str, str]]:
    """Suffix, begin and end of every partition."""
    if name == MONTH:
        yield from months()
        return
    for year in YEARS:
        yield str(year), f"'{year}-01-01 00:00+00'", f"'{year + 1}-01-01 00:00+00'"


def _root(name: str, columns: str) -> str:
    """Empty partitions without keys, under a root that COPY routes by."""
    made = "".join(
        f"CREATE TABLE {name}_{suffix} PARTITION OF root FOR VALUES FROM ({lower}) TO ({upper});\n"
        for suffix, lower, upper in _parts(name)
    )
    return f"CREATE TABLE root ({columns}) PARTITION BY RANGE (hire_dt);\n{made}"


def _each(name: str, statement: str, suffixes: Callable[[int], bool] = lambda _: True) -> str:
    """A statement for each partition."""
    return "".join(
        statement.format(part=f"{name}_{suffix}", name=name, lower=lower, upper=upper) + ";\n"
        for number, (suffix, lower, upper) in enumerate(_parts(name))
        if suffixes(number)
    )


_KEY = "ALTER TABLE {part} ADD PRIMARY KEY (id, hire_dt)"
_INDEX = "CREATE INDEX ON {part} (department_id, job_id, hire_dt)"
_ATTACH = (
    "ALTER TABLE root DETACH PARTITION {part};\n"
    "ALTER TABLE {name} ATTACH PARTITION {part} FOR VALUES FROM ({lower}) TO ({upper})"
)


class _Steps:
    """The steps of one table, on one file as text and in PostgreSQL's binary format."""

    def __init__(self, bench: Bench, name: str, rows: int) -> None:
        self._bench, self._name = bench, name
        self._hires = Hires(rows)
        self._text = bench.file(self._hires)
        self._binary = self._text.with_suffix(".bin")
        self._like = f"LIKE {name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS"

    def contenders(self) -> Mapping[str, Callable[[], Run]]:
        """In the order of the table."""
        bench, name, hires = self._bench, self._name, self._hires
        heap = f"CREATE UNLOGGED TABLE heap ({_TYPES});\n"
        copied = _root(name, self._like) + self._copy("root", self._binary)
        keyed = copied + _MEMORY + _each(name, _KEY)
        indexed = keyed + _each(name, _INDEX)
        plain = _root(name, _TYPES) + self._copy("root", self._binary)
        return {
            "read and check, nothing written": self._read,
            "text into an unlogged heap": lambda: self._run(heap + self._copy("heap", self._text)),
            "rows into an unlogged heap": lambda: self._run(heap + self._copy("heap", self._binary)),
            "rows into partitions": lambda: self._run(copied),
            "the same without `_landed`": lambda: self._run(plain),
            "+ primary keys": lambda: self._run(keyed),
            "+ index": lambda: self._run(indexed),
            "+ references (attached)": lambda: self._run(indexed + _each(name, _ATTACH)),
            "the same over two connections": lambda: self._twice(copied),
            "expert's script": lambda: bench.psql("empty", hires, Psql.expert, name),
            "Waybill": lambda: bench.waybill("empty", hires, name),
            r"\copy": lambda: bench.psql("with partitions", hires, Psql.copy, name),
        }

    def write_binary(self) -> None:
        """Write the rows of the file in the binary format, once."""
        if not self._binary.exists():
            heap = f"CREATE UNLOGGED TABLE heap ({_TYPES});\n"
            out = f"\\copy heap to '{self._binary}'{_BINARY}\n"
            self._run(heap + self._copy("heap", self._text) + out)

    def _copy(self, target: str, file: Path) -> str:
        options = _BINARY if file == self._binary else " (format csv)"
        return f"\\copy {target} ({COLUMNS}) from '{file}'{options}\n"

    def _psql(self, database: Database, number: int = 0) -> Psql:
        folder = self._bench.folder / f"psql-{number}"
        folder.mkdir(exist_ok=True)
        return Psql(self._bench.programs / "psql", database, folder)

    def _run(self, script: str) -> Run:
        with self._bench.copy_of("empty") as database:
            psql = self._psql(database)
            return _done(with_server_cpu(database, lambda: psql.run(f"BEGIN;\n{script}COMMIT;\n")))

    def _twice(self, copied: str) -> Run:
        """Keys and indexes of half of the partitions by each of two connections."""
        with self._bench.copy_of("empty") as database:

            def half(number: int) -> Run:
                script = "".join(
                    _each(self._name, each, lambda n: n % 2 == number) for each in (_KEY, _INDEX)
                )
                return self._psql(database, number).run(_MEMORY + script)

            def load() -> Run:
                first = self._psql(database).run(copied)
                with ThreadPoolExecutor(2) as pool:
                    halves = list(pool.map(half, range(2)))
                last = self._psql(database).run(_each(self._name, _ATTACH))
                runs = [_done(run) for run in (first, *halves, last)]
                seconds = first.seconds + max(run.seconds for run in halves) + last.seconds
                return replace(first, seconds=seconds, cpu=sum(run.cpu for run in runs))

            return with_server_cpu(database, load)

    def _read(self) -> Run:
        with self._bench.copy_of("empty") as database:
            program = [sys.executable, "-m", "tests.benchmarks.loaders.read_file"]
            command = [*program, str(database.port), database.name, self._name, str(self._text)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            return Run(**json.loads(done.stdout.splitlines()[-1]))


def _done(run: Run) -> Run:
    if run.failed:
        raise RuntimeError("psql has failed")
    return run


def cost(run: Mapping[str, Any]) -> float:
    """CPU seconds of client and server."""
    return float(run["cpu"] + run["server_cpu"])


def least(case: Case) -> float:
    """CPU seconds of a loader that checks each record and writes each row once."""
    return cost(case["read and check, nothing written"]) + cost(case["+ references (attached)"])


def page(cases: Mapping[str, Case], line: str) -> str:
    """The part of the page."""
    text = f"{line}\n"
    for name, case in cases.items():
        rows = [
            [step, *(f"{value:.2f}" for value in (run["cpu"], run["server_cpu"], cost(run))),
             f"{run['seconds']:.2f}"]
            for step, run in case.items()
        ]
        floor = least(case)
        rows.append(["**read and check, and write with references**", "", "", f"**{floor:.2f}**", ""])
        header = [f"by {name}", "CPU s, client", "server", "both", "seconds"]
        text += f"\n{table(header, rows)}\n"
        copy, expert = cost(case[r"\copy"]), cost(case["expert's script"])
        text += (
            f"By {name} that is at most {copy / floor:.2f} times `\\copy` and {expert / floor:.2f}"
            f" times the expert's script; Waybill is at {copy / cost(case['Waybill']):.2f} and"
            f" {expert / cost(case['Waybill']):.2f}.\n"
        )
    return text


def main() -> None:
    """Print the medians, and keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--files", type=Path, help="where the files are kept for other runs")
    arguments = parser.parse_args()
    data: dict[str, Any] = {"machine": machine(), "rounds": arguments.rounds, "cases": {}}
    with opened((), arguments.files) as bench:
        for name, unit in ((YEAR, "year"), (MONTH, "month")):
            steps = _Steps(bench, name, arguments.rows)
            steps.write_binary()
            data["cases"][unit] = interleaved_runs(steps.contenders(), arguments.rounds)
            say(page({unit: data["cases"][unit]}, ""))
    if arguments.keep:
        write_data(NAME, data)
        write_part(NAME, page(data["cases"], machine_line(data["machine"])))


if __name__ == "__main__":
    main()
