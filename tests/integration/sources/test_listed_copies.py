"""A run of a source of objects finds what was copied before by lists."""

from typing import Any

import pytest
from botocore.client import BaseClient

from tests.cloud.fixtures import Cloud
from tests.integration.sources.conftest import Api, Put
from tests.integration.sources.runs import extract_once, run_through
from tests.integration.sources.test_object_source import copies, created
from tests.integration.sources.test_runs import ids, started
from tests.postgres.databases import Connection


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
    calls: list[str] = []
    real = vars(BaseClient)["_make_api_call"]

    def call(client: Any, name: str, given: Any) -> Any:
        calls.append(name)
        return real(client, name, given)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        started(api, source_id)
        while extract_once(cloud):
            pass
    run_through(cloud)
    assert len(copies(cloud)) == len(set(copies(cloud))) == len(names) + 1
    assert ids(admin) == [*range(len(names)), 99]
    # Of the source, and of the copies: not one for each object.
    assert calls.count("ListObjectsV2") == 2
    assert calls.count("HeadObject") == 1
