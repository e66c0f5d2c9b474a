"""SIGKILL of the extractor in the middle of runs: the tables are as after clean runs."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local.bootstrap import ADMIN
from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import settle
from tests.integration.sources.conftest import Api
from tests.integration.sources.emulated_cloud import emulated_cloud
from tests.integration.sources.extractor_process import ExtractorProcess
from tests.integration.sources.runs import deliver_events
from tests.integration.sources.test_killed_runs import created, table
from tests.integration.sources.test_runs import ids, started
from tests.postgres.databases import PASSWORD, Connection, Database

_RECORDS = 600
_KILLS = 5
_SHORTEST_SECONDS, _LONGEST_SECONDS = 0.05, 0.4


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """In place of the one in this process."""
    with emulated_cloud(tmp_path / "emulator") as made:
        yield made


def kill_until_done(cloud: Cloud, chance: random.Random) -> None:
    """Let extractors work on the run, and kill so many of them at random instants."""
    killed = 0
    while cloud.waiting("extracts") or in_flight(cloud):
        extractor = ExtractorProcess()
        extractor.await_begin()
        if killed < _KILLS:
            time.sleep(chance.uniform(_SHORTEST_SECONDS, _LONGEST_SECONDS))
        else:
            extractor.await_end()
        extractor.kill()
        killed += 1


def in_flight(cloud: Cloud) -> int:
    found = cloud.sqs.get_queue_attributes(
        QueueUrl=cloud.queues["extracts"], AttributeNames=["All"]
    )
    return int(found["Attributes"]["ApproximateNumberOfMessagesNotVisible"])


def abandoned(admin: Connection) -> int:
    """How many attempts were killed after they had begun and before their end."""
    ((count,),) = admin.execute(
        "SELECT count(*) FROM waybill.job_runs WHERE error ->> 'type' LIKE '%run-abandoned'"
    )
    return int(count)


@pytest.mark.usefixtures("ignore_unknown")
def test_a_table_is_loaded_once(
    api: Api, cloud: Cloud, admin: Connection, empty_database: Database, secret: Callable[..., str]
) -> None:
    arn = secret(username=ADMIN, password=PASSWORD)
    place = table(empty_database.port, empty_database.name, engine="postgresql", secret_arn=arn)
    with empty_database.connect() as legacy:
        legacy.execute("CREATE TABLE wards (id bigint PRIMARY KEY, department text, changed int)")
        source_id = created(api, "database", place)
        chance, loaded = random.Random(8), 0
        while abandoned(admin) < _KILLS:
            legacy.execute(
                "INSERT INTO wards SELECT n, 'Ward ' || n, n / 10"
                " FROM generate_series(%s::bigint, %s) AS n",
                (loaded, loaded + _RECORDS - 1),
            )
            job_id = started(api, source_id)
            kill_until_done(cloud, chance)
            deliver_events(cloud)
            settle(cloud)
            loaded += _RECORDS
            assert ids(admin) == [*range(loaded)]
            counts = admin.execute(
                "SELECT read, inserted, state FROM waybill.ingestion_jobs WHERE job_id = %s",
                (job_id,),
            ).fetchone()
            assert counts == (_RECORDS, _RECORDS, "COMPLETED")
