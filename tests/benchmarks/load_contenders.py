"""Ways to get one file of hires into PostgreSQL: Waybill's and its peers'."""

import logging
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.company import YEARS
from tests.benchmarks.measure import seconds
from tests.postgres.databases import Database
from tests.stateful.fake_cloud import FakeCloud

COLUMNS = "id, name, hire_dt, department_id, job_id"
_STAGE = (
    "CREATE UNLOGGED TABLE stage (id int, name text, hire_dt timestamptz, department_id int,"
    " job_id int);"
)
_CHUNK_BYTES = 64 * 1024 * 1024


class Psql:
    """Scripts run by psql as the tables' owner."""

    def __init__(self, program: Path, database: Database) -> None:
        self._program = program
        self._database = database

    def run(self, script: str) -> None:
        """Run it; the first error ends it.

        Raises:
            CalledProcessError: psql reported an error.
        """
        subprocess.run(
            [self._program, "-qX", "-v", "ON_ERROR_STOP=1", self._database.dsn_for()],
            input=f"SET ROLE waybill_owner;\n{script}",
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PGOPTIONS": "-c timezone=UTC", "PGCLIENTENCODING": "UTF8"},
        )

    def copy(self, file: Path) -> None:
        r"""`\copy` into the live table with its keys, indexes and partitions."""
        self.run(rf"\copy hired_employees ({COLUMNS}) from '{file}' (format csv)" + "\n")

    def expert(self, file: Path) -> None:
        """The script of somebody who knows PostgreSQL, for a table that is empty.

        An unlogged stage; a table for each year, filled, indexed in bulk and attached.
        """
        years = "".join(_year(year) for year in YEARS)
        self.run(f"""BEGIN;
SET LOCAL maintenance_work_mem = '256MB';
SET LOCAL work_mem = '128MB';
{_STAGE}
\\copy stage from '{file}' (format csv)
{years}
DROP TABLE stage;
COMMIT;
""")

    def ordered(self, file: Path) -> None:
        """The same for a table that has rows: inserted in the order of its index."""
        self.run(f"""BEGIN;
SET LOCAL work_mem = '256MB';
{_STAGE}
\\copy stage from '{file}' (format csv)
INSERT INTO hired_employees ({COLUMNS}) SELECT {COLUMNS} FROM stage
ORDER BY department_id, job_id, hire_dt;
DROP TABLE stage;
COMMIT;
""")


def _year(year: int) -> str:
    table = f"hired_employees_{year}"
    lower, upper = f"'{year}-01-01 00:00+00'", f"'{year + 1}-01-01 00:00+00'"
    return f"""CREATE TABLE {table} (LIKE hired_employees INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
INSERT INTO {table} ({COLUMNS}) SELECT {COLUMNS} FROM stage
WHERE hire_dt >= {lower} AND hire_dt < {upper};
ALTER TABLE {table} ADD PRIMARY KEY (id, hire_dt);
CREATE INDEX ON {table} (department_id, job_id, hire_dt);
ALTER TABLE hired_employees ATTACH PARTITION {table} FOR VALUES FROM ({lower}) TO ({upper});
"""


class Waybill:
    """Waybill's own functions, one after another in this process, on a real database."""

    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud
        self._files = 0

    def load(self, file: Path, dataset: str = "hired_employees") -> float:
        """Land the file and run plan, load and merge; seconds from its event to its end."""
        self._files += 1
        self._cloud.land(dataset, f"{self._files}.csv", file.read_bytes(), self._files)
        return seconds(self._run)

    def _run(self) -> None:
        for _ in range(100):
            for queue, messages in self._cloud.queues.items():
                while messages:
                    self._cloud.deliver(queue, 0)
            if not any(self._cloud.queues.values()):
                return
        raise RuntimeError("the load does not end")

    def job(self) -> dict[str, Any]:
        """The waybill and state of the last job."""
        with self._cloud.database.connect() as admin:
            admin.execute("SET ROLE waybill_owner")
            row = admin.execute(
                "SELECT document FROM waybill.job_documents ORDER BY job_id DESC LIMIT 1"
            ).fetchone()
        assert row is not None
        document: dict[str, Any] = row[0]
        return document


@contextmanager
def waybill_on(database: Database) -> Iterator[Waybill]:
    """Waybill on this database, with chunks of the size that it has on AWS."""
    logging.getLogger("waybill").setLevel(logging.ERROR)
    cloud = FakeCloud(database, pytest.MonkeyPatch())
    cloud.open(chunk_bytes=_CHUNK_BYTES)
    try:
        yield Waybill(cloud)
    finally:
        cloud.close()
