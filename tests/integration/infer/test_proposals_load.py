"""A proposed dataset, applied to the database, loads every record of its file."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.infer.binary_files import BINARY_FILES
from tests.integration.infer.files import FILES
from tests.integration.path.archives import settle_archives
from tests.integration.path.steps import land
from tests.postgres.databases import Connection, Database
from waybill.inference.file_sample import FileSample
from waybill.inference.infer import infer_dataset

ALL_FILES = {**FILES, **BINARY_FILES}


@pytest.fixture
def admin(
    database: Database, environment_of: Callable[[Database, str], None]
) -> Iterator[Connection]:
    environment_of(database, "pipeline")
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        yield connection


def loaded(admin: Connection, cloud: Cloud, filename: str, data: bytes) -> tuple[Any, ...]:
    """The counts of the file's jobs, after its own proposal was applied."""
    proposal = infer_dataset(FileSample.of_bytes(data, whole=True), filename)
    admin.execute(proposal.sql)
    land(cloud, proposal.name, filename, data)
    settle_archives(cloud)
    job = admin.execute(
        "SELECT string_agg(DISTINCT state, ' '), sum(read)::int, sum(inserted)::int,"
        " sum(rejected)::int, string_agg(error::text, ' ') FROM waybill.ingestion_jobs"
        " WHERE archive_format IS NULL"
    ).fetchone()
    assert job is not None
    assert job[1:4] == (proposal.records, proposal.records - proposal.rejected, proposal.rejected)
    return tuple(job)


@pytest.mark.parametrize("filename", ALL_FILES)
def test_every_record_is_loaded(admin: Connection, cloud: Cloud, filename: str) -> None:
    state, read, inserted, _, _ = loaded(admin, cloud, filename, ALL_FILES[filename])
    assert (state, read) == ("COMPLETED", inserted)
