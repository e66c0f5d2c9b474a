"""A run of a source of objects finds what was copied before by lists."""

from typing import Any

import pytest
from botocore.client import BaseClient

from functions.pipeline.extract import landing_copy
from tests.cloud.fixtures import LANDING, Cloud
from tests.integration.sources.conftest import SOURCE_BUCKET, Api, Put
from tests.integration.sources.runs import extract_once, run_through
from tests.integration.sources.test_object_source import copies, created
from tests.integration.sources.test_runs import ids, started
from tests.postgres.databases import Connection


def calls_of_a_run(
    api: Api,
    cloud: Cloud,
    source_id: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    page_keys: int = 1000,
) -> list[str]:
    """The calls of AWS that a run makes; lists of copies have so many keys a page."""
    calls: list[str] = []
    real = vars(BaseClient)["_make_api_call"]

    def call(client: Any, name: str, given: Any) -> Any:
        calls.append(name)
        if name == "ListObjectsV2" and given["Bucket"] == LANDING:
            given = {**given, "MaxKeys": page_keys}
        return real(client, name, given)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        started(api, source_id)
        while extract_once(cloud):
            pass
    return calls


def test_what_was_copied_is_found_by_lists(
    api: Api, cloud: Cloud, admin: Connection, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The keys of the copies of "Ä" and of folders do not sort as the objects' names alone.
    names = ["0", "1", "1/2", "10", "a b", "Ä", "ä/z", "😀", *(f"x{n:03}" for n in range(30))]
    for number, name in enumerate(names):
        put(f"out/{name}.csv", f"{number},Department {number}\n")
    source_id = created(api)
    started(api, source_id)
    run_through(cloud)
    assert len(copies(cloud)) == len(names)
    put("out/b.csv", "99,Department 99\n")
    calls = calls_of_a_run(api, cloud, source_id, monkeypatch)
    run_through(cloud)
    assert len(copies(cloud)) == len(set(copies(cloud))) == len(names) + 1
    assert ids(admin) == [*range(len(names)), 99]
    # Of the source, and of the copies: not one for each object.
    assert calls.count("ListObjectsV2") == 2
    assert calls.count("HeadObject") == 1


def test_copies_far_behind_those_of_objects_that_are_gone_are_sought_alone(
    api: Api, cloud: Cloud, admin: Connection, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        put(f"out/{number}.csv", f"{number},Department {number}\n")
    source_id = created(api)
    started(api, source_id)
    run_through(cloud)
    for number in range(1, 7):
        cloud.s3.delete_object(Bucket=SOURCE_BUCKET, Key=f"out/{number}.csv")
    put("out/9.csv", "9,Department 9\n")
    monkeypatch.setattr(landing_copy, "_MOST_PAGES", 2)
    calls = calls_of_a_run(api, cloud, source_id, monkeypatch, page_keys=2)
    run_through(cloud)
    assert len(copies(cloud)) == len(set(copies(cloud))) == len(ids(admin)) == 10
    # The source, and two pages of the copies; then 7, 8 and the new one each.
    assert calls.count("ListObjectsV2") == 3
    assert calls.count("HeadObject") == 1 + 3
