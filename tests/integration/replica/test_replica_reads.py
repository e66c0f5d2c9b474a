"""Figures and lists are read at a reader of the database, what must be current at the writer."""

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest

from functions.api.analytics.deps import deps as analytics_deps
from functions.api.analytics.models import HiresByQuarter
from functions.api.jobs.deps import Deps
from functions.api.jobs.deps import deps as jobs_deps
from functions.api.jobs.list_jobs import list_jobs
from functions.api.jobs.list_pending import list_pending
from functions.api.jobs.list_rejects import list_rejects
from functions.api.jobs.list_runs import list_runs
from functions.api.jobs.models import JobsQuery, PendingQuery, RejectsQuery
from functions.api.jobs.read_job import read_job
from tests.integration.analytics.test_handler import QUARTERS, get
from tests.integration.replica.standby import Pair, catch_up
from tests.sql.analytics.seed import hire, owner, refresh
from tests.sql.analytics.seed import mark as finish_job
from waybill.database.repository import Connection


def is_reader(connection: Connection) -> bool:
    return connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)


@pytest.fixture
def figures(pair: Pair, environment: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """Ask for the hires of 2021; the sum of all lines."""
    for name, value in pair.writer.environment("waybill_analytics").items():
        environment.setenv(name, value)
    analytics_deps.cache_clear()

    def ask(**query: object) -> int:
        status, body, _ = get(QUARTERS, year=2021, **query)
        assert status == 200, body
        lines = HiresByQuarter.model_validate(body).items
        return sum(line.q1 + line.q2 + line.q3 + line.q4 for line in lines)

    yield ask
    analytics_deps().database.close()
    analytics_deps().replica.close()
    analytics_deps.cache_clear()


@pytest.fixture
def jobs(pair: Pair, environment: pytest.MonkeyPatch) -> Iterator[Deps]:
    for name, value in pair.writer.environment("waybill_jobs").items():
        environment.setenv(name, value)
    for name in ("LANDING_BUCKET", "STATE_BUCKET", "MERGES_QUEUE_URL"):
        environment.setenv(name, "none")
    jobs_deps.cache_clear()
    yield jobs_deps()
    jobs_deps().database.close()
    jobs_deps().replica.close()
    jobs_deps.cache_clear()


def test_figures_are_read_at_the_reader(pair: Pair, figures: Callable[..., int]) -> None:
    catch_up(pair.writer, pair.reader)
    assert figures() == figures(min_job=last_job(pair))
    assert analytics_deps().replica.run(is_reader)
    assert not analytics_deps().database.run(is_reader)


def last_job(pair: Pair) -> UUID:
    with pair.writer.connect() as admin:
        found = admin.execute(
            "SELECT job_id FROM waybill.ingestion_jobs ORDER BY job_id DESC LIMIT 1"
        ).fetchone()
    assert found is not None
    return UUID(str(found[0]))


def test_figures_that_must_include_a_job_are_read_at_the_writer(
    pair: Pair, figures: Callable[..., int]
) -> None:
    before = figures()
    with pair.paused():
        with owner(pair.writer) as connection:
            hire(connection, 9000, "2021-05-05T00:00:00Z", 1, 1)
            job = finish_job(connection, "2021")
        with pair.writer.connect("waybill_refresh") as connection:
            refresh(connection, "2021")
        assert figures() == before
        assert figures(min_job=job) == before + 1
    catch_up(pair.writer, pair.reader)
    assert figures() == before + 1


def test_the_writer_responds_while_the_reader_is_unavailable(
    figures: Callable[..., int], environment: pytest.MonkeyPatch
) -> None:
    expected = figures()
    analytics_deps().database.close()
    analytics_deps().replica.close()
    environment.setenv("DATABASE_READER_PORT", "1")
    analytics_deps.cache_clear()
    assert figures() == expected
    assert not analytics_deps().replica.run(is_reader)


def test_what_belongs_to_an_ended_job_is_read_at_the_reader(pair: Pair, jobs: Deps) -> None:
    job = last_job(pair)
    catch_up(pair.writer, pair.reader)
    assert jobs.reads_of(job) is jobs.replica
    assert [row["job_id"] for row in list_jobs(jobs, JobsQuery(None, None, 1, None)).items] == [
        str(job)
    ]
    assert list_runs(jobs, job, 10, None).items == []
    assert list_pending(jobs, PendingQuery(job, 10, None, masked=True)).items == []
    assert list_rejects(jobs, RejectsQuery(job, None, None, masked=True)).items == []


def test_a_job_that_the_reader_does_not_know_is_read_at_the_writer(pair: Pair, jobs: Deps) -> None:
    with pair.paused():
        with owner(pair.writer) as connection:
            job = finish_job(connection, "2021")
        assert jobs.reads_of(job) is jobs.database
        assert read_job(jobs, job)["state"] == "COMPLETED"
    assert jobs.reads_of(uuid4()) is jobs.database
