"""GET /datasets/{name}/partitions, and POST …/restore: who may, and what they respond."""

from collections.abc import Callable, Iterator
from functools import partial
from uuid import UUID

import pytest

from functions.api.lookups.deps import deps
from functions.api.lookups.handler import handle
from functions.pipeline.load.handler import handle as load
from tests.cloud.fixtures import Cloud
from tests.cloud.lambda_events import Context, sqs_record
from tests.integration.batch.conftest import publish_all
from tests.integration.lake.conftest import Lake
from tests.integration.lake.test_athena import athena
from tests.postgres.databases import Database
from tests.unit.http.api_client import ADMIN, ApiResponse, call
from waybill.http.principal import Principal
from waybill.messages import ExportMessage

Call = Callable[..., ApiResponse]
ADA = Principal("ada", "reader", None, ADMIN.expires_at)
RESTORE = "/datasets/kinds/partitions/2019/restore"


@pytest.fixture
def api(
    lake: Lake,
    cloud: Cloud,
    database: Database,
    environment_of: Callable[[Database, str], None],
) -> Iterator[Call]:
    """Calls the function as the database lets it, with ten archived rows."""
    lake.fill("2019", 10)
    lake.archive()
    environment_of(database, "waybill_lookups")
    publish_all(cloud, database)
    deps.cache_clear()
    yield partial(call, handle)
    deps().database.close()
    deps.cache_clear()


def test_readers_see_what_is_archived(api: Call, lake: Lake) -> None:
    response = api("GET", "/datasets/kinds/partitions", caller=ADA)
    assert response.status == 200, response.text
    (item,) = response.json()["items"]
    assert (item["partition"], item["state"], item["rows"]) == ("2019", "ARCHIVED", 10)
    assert item["lower"] == "2019-01-01T00:00:00.000Z"
    assert item["folder"] == "lake/dataset=kinds/year=2019/"
    assert [file["key"] for file in item["files"]] == lake.objects()
    assert item["files"][0]["rows"] == 10
    assert response.json()["athena"] == athena(lake)
    hidden = ADA._replace(datasets=frozenset({"jobs"}))
    response = api("GET", "/datasets/kinds/partitions", caller=hidden)
    assert response.problem() == (404, "unknown-dataset")


def test_an_administrator_restores_a_partition(api: Call, lake: Lake) -> None:
    begun = api("POST", RESTORE, {"keep_days": 7}, caller=ADMIN)
    assert (begun.status, begun.json()["state"]) == (202, "RESTORING"), begun.text
    # Once more: the message may be lost.
    assert api("POST", RESTORE, {}, caller=ADMIN).status == 202
    messages = lake.cloud.bodies("chunks")
    assert len(messages) == 2
    for message in messages:
        lake.deliver(message["partition_id"])
    (item,) = api("GET", "/datasets/kinds/partitions", caller=ADA).json()["items"]
    assert (item["state"], item["rows"], item["folder"], item["files"]) == (
        "RESTORED",
        10,
        None,
        [],
    )
    assert lake.one("SELECT count(*) FROM kinds") == 10
    again = api("POST", RESTORE, {}, caller=ADMIN)
    assert (again.status, again.json()["state"]) == (202, "RESTORED")
    audit = lake.admin.execute(
        "SELECT action, actor, detail ->> 'partition' FROM waybill.audit_logs"
        " WHERE action LIKE 'partition.%' ORDER BY occurred_at"
    ).fetchall()
    assert audit == [
        ("partition.archived", None, "2019"),
        ("partition.restore", ADMIN.subject, "2019"),
        ("partition.restored", None, "2019"),
    ]


def test_nobody_else_restores(api: Call) -> None:
    loader = ADA._replace(role="loader")
    assert api("POST", RESTORE, {}, caller=loader).problem() == (403, "forbidden")


@pytest.mark.parametrize("label", ["2018", "2019-01", "x", "..", "%2e"])
def test_an_unknown_partition_is_not_found(api: Call, label: str) -> None:
    path = f"/datasets/kinds/partitions/{label}/restore"
    assert api("POST", path, {}, caller=ADMIN).problem()[0] == 404


def test_a_partition_that_is_being_archived_is_refused(api: Call, lake: Lake) -> None:
    lake.admin.execute("UPDATE waybill.archived_partitions SET state = 'DETACHED'")
    assert api("POST", RESTORE, {}, caller=ADMIN).problem() == (409, "partition-archived")


@pytest.mark.parametrize("body", [{"keep_days": 0}, {"keep_days": "soon"}, {"force": True}])
def test_invalid_requests_are_refused(api: Call, body: dict[str, object]) -> None:
    assert api("POST", RESTORE, body, caller=ADMIN).status == 422


def exported(api: Call, lake: Lake) -> tuple[list[str], int]:
    """The partitions that an export lacks, and its rows."""
    begun = api("POST", "/datasets/kinds/exports", {"format": "csv"}, caller=ADMIN)
    assert begun.json()["archived_partitions"] == []
    export_id = begun.json()["export_id"]
    lake.act_as("waybill_load")
    body = ExportMessage(export_id=UUID(export_id)).model_dump_json()
    for _ in range(2):
        assert load({"Records": [sqs_record(body)]}, Context()) == {"batchItemFailures": []}
    found = api("GET", f"/datasets/kinds/exports/{export_id}", caller=ADMIN).json()
    assert found["state"] == "COMPLETED"
    return found["archived_partitions"], found["rows"]


def test_an_export_names_the_partitions_that_it_lacks(api: Call, lake: Lake) -> None:
    lake.fill("2024", 3, 50)
    assert exported(api, lake) == (["2019"], 3)
    lake.restore()
    assert exported(api, lake) == ([], 13)
