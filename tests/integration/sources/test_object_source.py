"""Objects of another bucket become files, each once; a single object is loaded on request."""

from typing import Any
from uuid import UUID

import pytest

from functions.pipeline.extract import copy_objects, landing_copy
from functions.pipeline.extract.deps import Deps
from functions.pipeline.extract.handler import handle as extract
from tests.cloud.fixtures import LANDING, Cloud
from tests.cloud.lambda_events import Context
from tests.integration.sources.conftest import SOURCE_BUCKET as BUCKET
from tests.integration.sources.conftest import Api, Put
from tests.integration.sources.runs import run_through
from tests.integration.sources.test_runs import ids, job, started
from tests.postgres.databases import Connection
from waybill.errors import Unavailable


def created(api: Api, **connection: Any) -> str:
    given = {"bucket": BUCKET, "prefix": "out/", "suffix": ".csv", **connection}
    source = {"name": "exports", "kind": "s3", "connection": given, "dataset": "departments"}
    response = api("POST", "/data-sources", source)
    assert response.status == 201, response.text
    return str(response.json()["id"])


def copies(cloud: Cloud) -> list[str]:
    """Keys of the copies, a version each."""
    found = cloud.s3.list_object_versions(Bucket=LANDING, Prefix="landing/departments/sources/")
    return [version["Key"] for version in found.get("Versions", [])]


def test_each_object_below_the_prefix_is_loaded_once(
    api: Api, cloud: Cloud, admin: Connection, put: Put
) -> None:
    for number in range(5):
        put(f"out/2026/{number}.csv", f"{number},Department {number}\n")
    for key in ("out/", "out/notes.txt", "other/9.csv"):
        put(key, "9,Not a file of the source\n")
    source_id = created(api)
    run_through(cloud)
    first = started(api, source_id)
    run_through(cloud)
    assert ids(admin) == [*range(5)]
    assert job(admin, first)["state"] == "COMPLETED"
    put("out/2026/5.csv", "5,Department 5\n")
    put("out/2026/0.csv", "0,Renamed\n")
    started(api, source_id)
    run_through(cloud)
    assert ids(admin) == [*range(6)]
    assert admin.execute("SELECT department FROM departments WHERE id = 0").fetchone() == (
        "Renamed",
    )
    assert len(copies(cloud)) == len(set(copies(cloud))) == 7


def test_of_objects_that_are_copied_at_once_the_one_with_the_highest_key_wins(
    api: Api, cloud: Cloud, admin: Connection, put: Put
) -> None:
    days = [f"{day:02}" for day in range(1, 9)]
    for day in days:
        put(f"out/2026-01-{day}.csv", f"1,Day {day}\n")
    started(api, created(api))
    run_through(cloud)
    # The events of S3 do not tell objects of one second apart: their keys do.
    assert len(copies(cloud)) == len(days)
    assert sorted(copies(cloud)) == sorted(copies(cloud), key=lambda key: key.rpartition("/")[2])
    assert admin.execute("SELECT department FROM departments").fetchall() == [("Day 08",)]


def test_an_object_that_is_overwritten_while_it_is_copied_is_loaded_once(
    api: Api, cloud: Cloud, admin: Connection, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.execute(
        "SET ROLE waybill_owner; CREATE TABLE entries (what text);"
        " SELECT waybill.register_dataset('entries'); RESET ROLE"
    )
    put("out/a.csv", "what\nfirst\n")
    source = {"name": "log", "kind": "s3", "connection": {"bucket": BUCKET, "prefix": "out/"}}
    response = api("POST", "/data-sources", {**source, "dataset": "entries"})
    listed = copy_objects._list

    def list_and_overwrite(*given: Any) -> Any:
        found = listed(*given)
        put("out/a.csv", "what\nfirst\nsecond\n")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(copy_objects, "_list", list_and_overwrite)
        started(api, response.json()["id"])
        run_through(cloud)
    started(api, response.json()["id"])
    run_through(cloud)
    rows = admin.execute("SELECT what FROM entries ORDER BY what").fetchall()
    assert rows == [("first",), ("second",)]


def test_parts_of_a_copy_that_fails_are_deleted(
    api: Api, cloud: Cloud, admin: Connection, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("out/0.csv", "0,Department 0\n")
    monkeypatch.setattr(landing_copy, "_PART_BYTES", 5)
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 5)
    real, calls = landing_copy._put_parts, []

    def fail_once(deps: Deps, *given: Any) -> Any:
        calls.append(given)
        parts = real(deps, *given)
        if len(calls) == 1:
            raise Unavailable("storage-unavailable", "The storage cannot be reached.")
        return parts

    monkeypatch.setattr(landing_copy, "_put_parts", fail_once)
    started(api, created(api))
    run_through(cloud)
    assert len(calls) == 2
    assert cloud.s3.list_multipart_uploads(Bucket=LANDING).get("Uploads", []) == []
    assert ids(admin) == [0]


def test_a_run_over_many_objects_goes_on_in_a_next_invocation(
    api: Api, cloud: Cloud, admin: Connection, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        put(f"out/{number}.csv", f"{number},Department {number}\n")
    # The time of an invocation is over after each object.
    monkeypatch.setenv("SPARE_SECONDS", "1000")
    started(api, created(api))
    run_through(cloud)
    assert ids(admin) == [*range(4)]
    assert len(copies(cloud)) == 4


def test_a_run_that_is_cancelled_copies_nothing_more(
    api: Api, cloud: Cloud, admin: Connection, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        put(f"out/{number}.csv", f"{number},Department {number}\n")
    job_id = started(api, created(api))

    def write_and_cancel(deps: Deps, *given: Any) -> None:
        landing_copy.write_copy(deps, *given)
        deps.state.extractions.cancel(UUID(job_id))

    monkeypatch.setattr(copy_objects, "write_copy", write_and_cancel)
    run_through(cloud)
    assert job(admin, job_id)["state"] == "CANCELLED"
    assert len(copies(cloud)) == 1


def test_a_large_object_is_copied_in_parts(
    api: Api, cloud: Cloud, admin: Connection, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing_copy, "_PART_BYTES", 5 * 1024**2)
    text = "".join(f"{number},{'x' * 90_000}\n" for number in range(80))
    put("out/large.csv", text)
    started(api, created(api))
    run_through(cloud)
    (key,) = copies(cloud)
    stored = cloud.s3.get_object(Bucket=LANDING, Key=key)
    assert stored["ETag"].strip('"').endswith("-2")
    assert stored["Body"].read() == text.encode()
    assert ids(admin) == [*range(80)]


def test_one_object_is_loaded_on_request_with_its_options(
    api: Api, cloud: Cloud, admin: Connection, put: Put
) -> None:
    put("any/where.txt", "1;Harbour\n2;Customs\n")
    request = {
        "dataset": "departments",
        "s3_uri": f"s3://{BUCKET}/any/where.txt",
        "options": {"delimiter": ";"},
    }
    response = api("POST", "/jobs", request)
    assert response.status == 202, response.text
    job_id = str(response.json()["job_id"])
    run_through(cloud)
    found = job(admin, job_id)
    assert (found["state"], found["waybill"]["inserted"]) == ("COMPLETED", 2)
    assert ids(admin) == [1, 2]


def test_copied_objects_have_the_rules_that_their_source_had_when_the_run_began(
    api: Api, cloud: Cloud, admin: Connection, put: Put
) -> None:
    put("out/a.csv", "1,Harbour\n")
    source = {
        "name": "exports", "kind": "s3", "dataset": "departments",
        "connection": {"bucket": BUCKET, "prefix": "out/"},
        "transformation": {"upper": ["department"]},
    }  # fmt: skip
    source_id = api("POST", "/data-sources", source).json()["id"]
    started(api, source_id)
    # What was begun goes on without its source.
    assert api("DELETE", f"/data-sources/{source_id}").status == 204
    run_through(cloud)
    assert admin.execute("SELECT id, department FROM departments").fetchall() == [(1, "HARBOUR")]


def test_a_dry_run_of_one_object_loads_nothing(
    api: Api, cloud: Cloud, admin: Connection, put: Put
) -> None:
    put("any/where.csv", "1,Harbour\n2,Customs\n")
    uri = f"s3://{BUCKET}/any/where.csv"
    request = {"dataset": "departments", "s3_uri": uri, "options": {"dry_run": True}}
    response = api("POST", "/jobs", request)
    run_through(cloud)
    found = job(admin, str(response.json()["job_id"]))
    assert (found["state"], found["dry_run"], found["waybill"]["inserted"]) == (
        "COMPLETED",
        True,
        2,
    )
    assert ids(admin) == []


@pytest.mark.parametrize(
    ("uri", "detail"),
    [
        (f"s3://{BUCKET}/absent.csv", "cannot be read"),
        ("s3://no-such-bucket-anywhere/a.csv", "cannot be read"),
        (f"s3://{LANDING}/landing/departments/a.csv", "Waybill's own"),
    ],
)
@pytest.mark.usefixtures("put")
def test_an_object_that_cannot_be_read_fails_the_job_with_the_reason(
    api: Api, cloud: Cloud, admin: Connection, uri: str, detail: str
) -> None:
    response = api("POST", "/jobs", {"dataset": "departments", "s3_uri": uri})
    assert response.status == 202, response.text
    run_through(cloud)
    found = job(admin, str(response.json()["job_id"]))
    assert found["state"] == "FAILED"
    assert found["error"]["type"] == "source-refused"
    assert detail in found["error"]["detail"]


@pytest.mark.usefixtures("api")
def test_a_check_shows_the_first_objects(put: Put) -> None:
    for number in range(7):
        put(f"out/{number}.csv", "1,A\n")
    source = {
        "name": "exports", "kind": "s3", "dataset": "departments",
        "connection": {"bucket": BUCKET, "prefix": "out/", "suffix": ".csv"},
    }  # fmt: skip
    shown = extract({"source": source}, Context())
    assert shown == {
        "records": [{"key": f"out/{number}.csv", "size_bytes": 4} for number in range(5)]
    }
    source["connection"] = {"bucket": "no-such-bucket-anywhere", "prefix": ""}
    refused = extract({"source": source}, Context())
    assert refused["problem"]["type"] == "source-refused"
