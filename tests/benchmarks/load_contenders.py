"""Ways to get one file of hires into its table: Waybill's, and psql's."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.company import YEARS
from tests.benchmarks.load_runs import Run, run_program
from tests.benchmarks.measure import seconds
from tests.benchmarks.warm_loaders import QUEUE, HandedOver, WarmLoaders
from tests.postgres.databases import Database
from tests.stateful.fake_aws import FakeS3, Message
from tests.stateful.fake_cloud import LANDING, FakeCloud

COLUMNS = "id, name, hire_dt, department_id, job_id"
_TYPES = "id int, name text, hire_dt timestamptz, department_id int, job_id int"
CHUNK_BYTES = 64 * 1024 * 1024
_ENVIRONMENT = {"PGOPTIONS": "-c timezone=UTC", "PGCLIENTENCODING": "UTF8"}


@dataclass(frozen=True)
class Psql:
    """Scripts run by psql as the tables' owner."""

    program: Path
    database: Database
    folder: Path

    def run(self, script: str) -> Run:
        """Run it; the first error ends it."""
        file = self.folder / "script.sql"
        file.write_text(f"SET ROLE waybill_owner;\n{script}", encoding="utf-8")
        arguments = ["-qX", "-v", "ON_ERROR_STOP=1", "-f", str(file), self.database.dsn_for()]
        return run_program([self.program, *arguments], self.folder, _ENVIRONMENT)

    def copy(self, file: Path, table: str, options: str = "") -> Run:
        r"""`\copy` into the table with whatever keys, indexes and partitions it has."""
        return self.run(rf"\copy {table} ({COLUMNS}) from '{file}' (format csv{options})" + "\n")

    def copy_ignoring(self, file: Path, table: str) -> Run:
        r"""`\copy` that leaves out the records with a value of the wrong type."""
        return self.copy(file, table, ", on_error ignore")

    def expert(self, file: Path, table: str) -> Run:
        """The script of somebody who knows PostgreSQL, for a table that is empty.

        By year: an unlogged stage; a table for each year, filled, indexed in bulk and attached.
        By month the stage would be scanned 96 times: COPY routes into partitions of a root without
        keys, and each is indexed and moved.
        """
        by_month = table == "hires_by_month"
        body = _by_month(file, table) if by_month else _by_year(file, table)
        return self.run(f"""BEGIN;
SET LOCAL maintenance_work_mem = '256MB';
SET LOCAL work_mem = '128MB';
{body}
COMMIT;
""")

    def ordered(self, file: Path, table: str) -> Run:
        """The same for a table that has rows: inserted in the order of its index."""
        return self.run(f"""BEGIN;
SET LOCAL work_mem = '256MB';
CREATE UNLOGGED TABLE stage ({_TYPES});
\\copy stage from '{file}' (format csv)
INSERT INTO {table} ({COLUMNS}) SELECT {COLUMNS} FROM stage
ORDER BY department_id, job_id, hire_dt;
DROP TABLE stage;
COMMIT;
""")


def months() -> Iterator[tuple[str, str, str]]:
    """Suffix, begin and end of every month."""
    for year in YEARS:
        for month in range(1, 13):
            after = f"{year + month // 12}-{month % 12 + 1:02}"
            yield (
                f"{year}_{month:02}",
                f"'{year}-{month:02}-01 00:00+00'",
                f"'{after}-01 00:00+00'",
            )


def _by_year(file: Path, table: str) -> str:
    parts = ""
    for year in YEARS:
        lower, upper = f"'{year}-01-01 00:00+00'", f"'{year + 1}-01-01 00:00+00'"
        parts += f"""CREATE TABLE {table}_{year} (
    LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
INSERT INTO {table}_{year} ({COLUMNS}) SELECT {COLUMNS} FROM stage
WHERE hire_dt >= {lower} AND hire_dt < {upper};
{_attach(table, f"{table}_{year}", lower, upper)}"""
    return f"""CREATE UNLOGGED TABLE stage ({_TYPES});
\\copy stage from '{file}' (format csv)
{parts}DROP TABLE stage;"""


def _by_month(file: Path, table: str) -> str:
    made = moved = ""
    for suffix, lower, upper in months():
        part = f"{table}_{suffix}"
        made += f"CREATE TABLE {part} PARTITION OF root FOR VALUES FROM ({lower}) TO ({upper});\n"
        moved += f"ALTER TABLE root DETACH PARTITION {part};\n"
        moved += _attach(table, part, lower, upper)
    return f"""CREATE TABLE root (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
PARTITION BY RANGE (hire_dt);
{made}\\copy root ({COLUMNS}) from '{file}' (format csv)
{moved}DROP TABLE root;"""


def _attach(table: str, part: str, lower: str, upper: str) -> str:
    return f"""ALTER TABLE {part} ADD PRIMARY KEY (id, hire_dt);
CREATE INDEX ON {part} (department_id, job_id, hire_dt);
ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES FROM ({lower}) TO ({upper});
"""


@dataclass
class DiskS3(FakeS3):
    """Objects that are files are read from them, so that memory is that of the functions."""

    files: dict[str, Path] = field(default_factory=dict)

    def get_object(self, **call: Any) -> dict[str, Any]:
        if call["Key"] not in self.files:
            return super().get_object(**call)
        first, last = call["Range"].removeprefix("bytes=").split("-")
        file = self.files[call["Key"]].open("rb")
        file.seek(int(first))
        return {"Body": _Part(file, int(last) + 1), "ETag": '"file"'}

    def head_object(self, **call: Any) -> dict[str, Any]:
        if call["Key"] not in self.files:
            return super().head_object(**call)
        size = self.files[call["Key"]].stat().st_size
        return {"ETag": '"file"', "ContentLength": size, "VersionId": "v1"}


class _Part:
    def __init__(self, file: io.BufferedReader, end: int) -> None:
        self._file = file
        self._end = end

    def read(self, size: int = -1) -> bytes:
        left = self._end - self._file.tell()
        return self._file.read(left if size < 0 else min(size, left))

    def close(self) -> None:
        self._file.close()


class Waybill:
    """Waybill's own functions on a real database."""

    def __init__(self, cloud: FakeCloud, s3: DiskS3) -> None:
        self.cloud = cloud
        self.files = s3.files
        self._s3 = s3
        # Those that another process loaded came before.
        self._count = self._one("SELECT count(*) FROM waybill.ingestion_jobs")

    def load(self, file: Path, dataset: str, loaders: WarmLoaders) -> float:
        """Land the file and run plan, load and merge; seconds from its event to its end.

        Chunks are loaded by the loaders, the rest one after another in this process.
        """
        self.cloud.queues[QUEUE] = HandedOver(loaders)
        self.land(file, dataset)
        return seconds(lambda: self._run(loaders))

    def land(self, file: Path, dataset: str) -> None:
        """Land the file; nothing runs yet."""
        self._count += 1
        key = f"landing/{dataset}/{self._count}.csv"
        # An empty object stands for the file.
        self._s3.put_object(Bucket=LANDING, Key=key, Body=b"")
        self.files[key] = file
        self.cloud.emit_event(key, self._count)

    def send(self, queue: str, message: Message) -> None:
        """Put a message into a queue, as a loader in another process does."""
        self.cloud.queues[queue].append(message)

    def _run(self, loaders: WarmLoaders) -> None:
        for _ in range(100):
            for queue, messages in self.cloud.queues.items():
                while messages:
                    self.cloud.deliver(queue, 0)
            loaders.wait()
            if not any(self.cloud.queues.values()):
                return
        raise RuntimeError("the load does not end")

    def job(self) -> dict[str, Any]:
        """The waybill and state of the last job."""
        document: dict[str, Any] = self._one(
            "SELECT document FROM waybill.job_documents"
            " ORDER BY document -> 'landed_at' DESC LIMIT 1"
        )
        return document

    def _one(self, query: str) -> Any:
        with self.cloud.database.connect() as admin:
            admin.execute("SET ROLE waybill_owner")
            row = admin.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


@contextmanager
def waybill_on(database: Database) -> Iterator[Waybill]:
    """Waybill on this database, with chunks of the size that it has on AWS."""
    logging.getLogger("waybill").setLevel(logging.ERROR)
    s3 = DiskS3()
    cloud = FakeCloud(database, pytest.MonkeyPatch(), s3)
    cloud.open(chunk_bytes=CHUNK_BYTES)
    try:
        yield Waybill(cloud, s3)
    finally:
        cloud.close()
