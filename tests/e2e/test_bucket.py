"""Objects written straight into the landing bucket: any depth, any order, any time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from infra.local.clients import Clients
from infra.local.status import Status
from tests.e2e.client_calls import counted, jobs_of, problem, put
from waybill_client import Waybill
from waybill_client.models import Job

pytestmark = pytest.mark.e2e


@contextmanager
def _chunks_held(aws: Clients) -> Iterator[None]:
    """No chunk is loaded meanwhile; what was planned stays in the queue."""
    client = aws("lambda")
    mappings = client.list_event_source_mappings()["EventSourceMappings"]
    chunks = next(one for one in mappings if one["EventSourceArn"].endswith("chunks"))
    client.update_event_source_mapping(UUID=chunks["UUID"], Enabled=False)
    try:
        yield
    finally:
        client.update_event_source_mapping(UUID=chunks["UUID"], Enabled=True)


def test_keys_of_any_depth_are_loaded(aws: Clients, stack: Status, waybill: Waybill) -> None:
    key = "landing/departments/deep/er/file 1.csv"
    put(aws, stack, key, "9501,Deep\n")
    (job,) = jobs_of(waybill, key)
    assert counted(job) == {"read": 1, "inserted": 1}
    assert (job["source"]["kind"], job["source"]["filename"]) == ("s3", "file 1.csv")
    assert job["source"]["version_id"]


def test_an_object_of_an_unknown_dataset_is_a_failed_job(
    aws: Clients, stack: Status, waybill: Waybill
) -> None:
    key = "landing/unknown/file.csv"
    put(aws, stack, key, "1,One\n")
    (job,) = jobs_of(waybill, key)
    assert problem(job) == "unknown-dataset"


def test_a_folder_marker_is_ignored(aws: Clients, stack: Status, waybill: Waybill) -> None:
    put(aws, stack, "landing/departments/folder/", "")
    put(aws, stack, "landing/departments/folder/after.csv", "9502,After\n")
    jobs_of(waybill, "landing/departments/folder/after.csv")
    keys = {job["source"]["key"] for job in waybill.jobs(dataset="departments")}
    assert "landing/departments/folder/" not in keys


def test_both_versions_of_an_overwritten_object_count_and_the_later_wins(
    aws: Clients, stack: Status, waybill: Waybill
) -> None:
    key = "landing/departments/overwritten.csv"
    with _chunks_held(aws):
        first = put(aws, stack, key, "9511,Old\n9512,Gone\n")["VersionId"]
        while not any(_is_loading(job, first) for job in waybill.jobs(dataset="departments")):
            time.sleep(0.1)
        time.sleep(1.1)  # The time of an event has whole seconds.
        second = put(aws, stack, key, "9511,New\n")["VersionId"]
    later, earlier = jobs_of(waybill, key, 2)
    assert [earlier["source"]["version_id"], later["source"]["version_id"]] == [first, second]
    assert counted(earlier)["read"] == 2
    # Whichever is merged first.
    assert counted(later) in ({"read": 1, "updated": 1}, {"read": 1, "inserted": 1})
    with psycopg.connect(str(stack.database_url)) as database:
        rows = database.execute(
            "SELECT id, department FROM departments WHERE id IN (9511, 9512) ORDER BY id"
        ).fetchall()
    assert rows == [(9511, "New"), (9512, "Gone")]


def _is_loading(job: Job, version: str) -> bool:
    return (job["source"]["version_id"], job["state"]) == (version, "LOADING")
