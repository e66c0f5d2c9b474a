"""A small company with names and dates that are edge cases."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from tests.postgres.databases import Connection, Database
from waybill.ids import new_id

# In code point order: Alpha, Zoology, alpha (2), alpha (5), Álamo. Other orders disagree.
DEPARTMENTS = [(1, "Zoology"), (2, "alpha"), (3, "Álamo"), (4, "Alpha"), (5, "alpha"), (6, "None")]
JOBS = [(1, "clerk"), (2, "Clerk"), (3, "=1+1")]
HIRES = [
    (1, "2020-12-31T23:59:59.999999Z", 1, 1),
    (2, "2021-01-01T00:00:00Z", 1, 1),
    (3, "2021-03-31T23:59:59.999999Z", 1, 1),
    (4, "2021-04-01T00:00:00Z", 1, 1),
    (5, "2021-06-30T23:30:00-01:00", 1, 1),
    (6, "2021-09-30T23:59:59Z", 2, 2),
    (7, "2021-12-31T23:59:59.999999Z", 2, 1),
    (8, "2022-01-01T00:00:00Z", 2, 1),
    (9, "2021-02-01T00:00:00Z", None, 1),
    (10, "2021-02-01T00:00:00Z", 3, None),
    (11, "2021-05-01T00:00:00Z", 3, 3),
    (12, "2021-05-02T00:00:00Z", 4, 1),
    (13, "2021-11-02T00:00:00Z", 5, 2),
    (14, "2021-11-03T00:00:00Z", None, None),
]


@contextmanager
def owner(database: Database) -> Iterator[Connection]:
    """A connection that acts as the role that owns everything."""
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        yield connection


def seed(connection: Connection) -> UUID:
    """Departments, jobs and hires of 2020 to 2022, marked stale by the returned job."""
    for year in (2020, 2021, 2022):
        add_year(connection, year)
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO departments VALUES (%s, %s)", DEPARTMENTS)
        cursor.executemany("INSERT INTO jobs VALUES (%s, %s)", JOBS)
    for row in HIRES:
        hire(connection, *row)
    return mark(connection, "2020", "2021", "2022")


def add_year(connection: Connection, year: int) -> None:
    """A partition as a load would make it."""
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS hired_employees_{year} PARTITION OF hired_employees"
        f" FOR VALUES FROM ('{year}-01-01 00:00+00') TO ('{year + 1}-01-01 00:00+00')".encode()
    )


def hire(
    connection: Connection, number: int, moment: str, department: int | None, job: int | None
) -> None:
    """One row, without its mark."""
    connection.execute(
        "INSERT INTO hired_employees (id, name, hire_dt, department_id, job_id)"
        " VALUES (%s, 'someone', %s, %s, %s)",
        (number, moment, department, job),
    )


def mark(connection: Connection, *parts: str, dataset: str = "hired_employees") -> UUID:
    """An ended job that touched these parts, as a merge leaves it."""
    job = new_id()
    connection.execute(
        "INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, read)"
        " VALUES (%s, %s, 'COMPLETED', 0)",
        (job, dataset),
    )
    for part in parts:
        connection.execute(
            "INSERT INTO waybill.stale_parts (dataset, part, job_id) VALUES (%s, %s, %s)",
            (dataset, part, job),
        )
    return job


def refresh(connection: Connection, part: str) -> str:
    """The outcome of refreshing one year."""
    row = connection.execute(
        "SELECT waybill.refresh_part('hired_employees', %s)", (part,)
    ).fetchone()
    assert row is not None
    return str(row[0])


def open_job(connection: Connection, dataset: str, state: str, landed_at: str = "now") -> UUID:
    """A job in this state."""
    job = new_id()
    connection.execute(
        "INSERT INTO waybill.ingestion_jobs (job_id, dataset, state, landed_at, object_key,"
        " sequencer, version_id, contract)"
        " VALUES (%s, %s, %s, %s, %s, '', 'v', waybill.contract(%s))",
        (job, dataset, state, landed_at, f"landing/{dataset}/{job}.csv", dataset),
    )
    return job


def took(connection: Connection, seconds: float) -> None:
    """The last refresh of every view took so long."""
    connection.execute(
        "UPDATE waybill.family_views SET as_of = refreshed_at - make_interval(secs => %s)",
        (seconds,),
    )
