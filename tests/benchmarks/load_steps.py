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

from functions.pipeline.load.encode_chunk import REJECT_COLUMNS
from tests.benchmarks.company import YEARS
from tests.benchmarks.hires_file import Hires
from tests.benchmarks.kept import machine, machine_line, write_data, write_part
from tests.benchmarks.load_contenders import COLUMNS, Psql, months
from tests.benchmarks.load_file import MONTH, YEAR, Bench, opened, with_server_cpu
from tests.benchmarks.load_runs import Run, interleaved_runs
from tests.benchmarks.load_steps_page import (
    READ,
    READ_HALF,
    REJECTS,
    STAGE,
    WRITE,
    WRITE_HALF,
    page,
)
from tests.benchmarks.measure import say
from tests.postgres.databases import Database

NAME = "load_steps"
_TYPES = "id int, name text, hire_dt timestamptz, department_id int, job_id int"
_MEMORY = "SET maintenance_work_mem = '256MB';\n"
_BINARY = " (format binary)"


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
_DETACH = "ALTER TABLE root DETACH PARTITION {part}"
_DROP = "ALTER TABLE {part} DROP COLUMN chunk, DROP COLUMN line"
_ATTACH = "ALTER TABLE {name} ATTACH PARTITION {part} FOR VALUES FROM ({lower}) TO ({upper})"


class _Steps:
    """The steps of one table, on one file as text and in PostgreSQL's binary format."""

    def __init__(self, bench: Bench, name: str, rows: int) -> None:
        self._bench, self._name, self._rows = bench, name, rows
        self._text = bench.file(Hires(rows))
        self._binary, self._lines, self._half, self._rejects = (
            self._text.with_suffix(end)
            for end in (".bin", ".lines.bin", ".half.bin", ".rejects.bin")
        )
        self._like = f"LIKE {name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS"

    def contenders(self) -> Mapping[str, Callable[[], Run]]:
        """In the order of the table."""
        bench, name, hires = self._bench, self._name, Hires(self._rows)
        bad = replace(hires, bad=0.5)
        heap = f"CREATE UNLOGGED TABLE heap ({_TYPES});\n"
        copied = _root(name, self._like) + self._copy("root", self._binary)
        keyed = copied + _MEMORY + _each(name, _KEY)
        through = f"INSERT INTO root ({COLUMNS}) SELECT {COLUMNS} FROM heap;\n"
        staged = heap + self._copy("heap", self._binary) + _root(name, self._like) + through
        becoming = _root(name, f"{self._like}, chunk int, line bigint") + self._copy(
            "root", self._lines, f"{COLUMNS}, chunk, line"
        )
        plain = _root(name, _TYPES) + self._copy("root", self._binary)
        half = _root(name, self._like) + self._copy("root", self._half)
        return {
            READ: lambda: self._read(hires),
            "text into an unlogged heap": lambda: self._run(heap + self._copy("heap", self._text)),
            "rows into an unlogged heap": lambda: self._run(
                heap + self._copy("heap", self._binary)
            ),
            "rows into partitions": lambda: self._run(copied),
            "the same without `_landed`": lambda: self._run(plain),
            "+ primary keys": lambda: self._run(keyed),
            "+ index": lambda: self._run(keyed + _each(name, _INDEX)),
            WRITE: lambda: self._run(copied + self._keys()),
            "the same over two connections": lambda: self._twice(copied),
            STAGE: lambda: self._run(staged + self._keys()),
            "through a stage that becomes the partitions": lambda: self._run(
                becoming + self._keys(_DETACH, _DROP, _ATTACH)
            ),
            "expert's script": lambda: bench.psql("empty", hires, Psql.expert, name),
            "Waybill": lambda: bench.waybill("empty", hires, name),
            r"\copy": lambda: bench.psql("with partitions", hires, Psql.copy, name),
            READ_HALF: lambda: self._read(bad),
            REJECTS: lambda: self._run(self._reject("INCLUDING INDEXES")),
            "the same without its key": lambda: self._run(self._reject("")),
            WRITE_HALF: lambda: self._run(half + self._keys()),
            "Waybill, half bad": lambda: bench.waybill("empty", bad, name),
        }

    def write_files(self) -> None:
        """Write rows and rejects in the binary format, once."""
        heap = f"CREATE UNLOGGED TABLE heap ({_TYPES});\n" + self._copy("heap", self._text)
        if not self._binary.exists():
            self._run(heap + f"\\copy heap to '{self._binary}'{_BINARY}\n")
        if not self._lines.exists():
            rows = f"(select {COLUMNS}, 1, id::bigint from heap)"
            self._run(heap + f"\\copy {rows} to '{self._lines}'{_BINARY}\n")
        if not self._half.exists():
            rows = f"(select * from heap limit {self._rows // 2})"
            self._run(heap + f"\\copy {rows} to '{self._half}'{_BINARY}\n")
        if not self._rejects.exists():
            self._read(Hires(self._rows, bad=0.5), self._rejects)

    def _keys(self, *then: str) -> str:
        statements = (_KEY, _INDEX, *(then or (_DETACH, _ATTACH)))
        return _MEMORY + "".join(_each(self._name, each) for each in statements)

    def _reject(self, including: str) -> str:
        columns = ", ".join(f'"{name}"' for name in REJECT_COLUMNS)
        made = f"CREATE TABLE r (LIKE waybill.validation_errors INCLUDING DEFAULTS {including});\n"
        return made + f"\\copy r ({columns}) from '{self._rejects}'{_BINARY}\n"

    def _copy(self, target: str, file: Path, columns: str = COLUMNS) -> str:
        options = " (format csv)" if file == self._text else _BINARY
        return f"\\copy {target} ({columns}) from '{file}'{options}\n"

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
                moved = _each(self._name, _DETACH) + _each(self._name, _ATTACH)
                last = self._psql(database).run(moved)
                runs = [_done(run) for run in (first, *halves, last)]
                seconds = first.seconds + max(run.seconds for run in halves) + last.seconds
                return replace(first, seconds=seconds, cpu=sum(run.cpu for run in runs))

            return with_server_cpu(database, load)

    def _read(self, hires: Hires, *kept: Path) -> Run:
        with self._bench.copy_of("empty") as database:
            program = [sys.executable, "-m", "tests.benchmarks.loaders.read_file"]
            where = [str(database.port), database.name, self._name]
            command = [*program, *where, str(self._bench.file(hires)), *map(str, kept)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            return Run(**json.loads(done.stdout.splitlines()[-1]))


def _done(run: Run) -> Run:
    if run.failed:
        raise RuntimeError("psql has failed")
    return run


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
            steps.write_files()
            data["cases"][unit] = interleaved_runs(steps.contenders(), arguments.rounds)
            say(page({unit: data["cases"][unit]}, ""))
    if arguments.keep:
        write_data(NAME, data)
        rounds = f"Medians of {arguments.rounds} rounds." if arguments.rounds > 1 else "One round."
        write_part(NAME, page(data["cases"], f"{machine_line(data['machine'])} {rounds}"))


if __name__ == "__main__":
    main()
