"""A preview beside the load of the same file, on any table."""

import os
from collections import Counter
from typing import Any
from unittest.mock import patch

from functions.api.batch.deps import deps
from functions.api.batch.handler import handle
from tests.cloud.fixtures import STATE, Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection
from tests.postgres.roles import API
from tests.unit.http.api_client import ADMIN, call
from waybill.contract.model import Contract
from waybill.http.principal import Principal
from waybill.state.bucket import StateBucket

CSV = "text/csv"
JSON_LINES = "application/x-ndjson"


def publish(admin: Connection, cloud: Cloud, dataset: str) -> None:
    """Publish the contract, as a migration does."""
    found = admin.execute("SELECT waybill.contract(%s)", (dataset,)).fetchone()
    assert found is not None
    StateBucket(cloud.s3, STATE).contracts.publish(Contract.model_validate(found[0]))


def preview(  # noqa: PLR0913 - a request has that many parts
    admin: Connection,
    cloud: Cloud,
    dataset: str,
    text: str,
    *,
    media: str = CSV,
    caller: Principal = ADMIN,
    query: str = "",
) -> dict[str, Any]:
    publish(admin, cloud, dataset)
    deps.cache_clear()
    target = f"/datasets/{dataset}/preview{query}"
    with patch.dict(os.environ, DATABASE_USER=API):
        response = call(handle, "POST", target, text, {"Content-Type": media}, caller=caller)
        deps().database.close()
    assert response.status == 200, response.text
    return dict(response.json())


def outcomes(shown: dict[str, Any]) -> Counter[str]:
    return Counter(one["outcome"] for one in shown["records"])


def load(admin: Connection, cloud: Cloud, dataset: str, text: str, *, media: str = CSV) -> Any:
    """Load the file. Returns read, loaded, filtered, pending, rejected; the errors by line."""
    name = f"{dataset}.{'csv' if media == CSV else 'jsonl'}"
    land(cloud, dataset, name, text.encode(), second=30)
    settle(cloud)
    job = admin.execute(
        "SELECT job_id, read, inserted + updated + unchanged + superseded, filtered,"
        " pending_reference, rejected"
        " FROM waybill.ingestion_jobs WHERE filename = %s",
        (name,),
    ).fetchone()
    assert job is not None
    errors = admin.execute(
        "SELECT line, errors FROM waybill.validation_errors WHERE job_id = %s", (job[0],)
    ).fetchall()
    return job[1:], dict(errors)


def assert_same(
    admin: Connection, cloud: Cloud, dataset: str, text: str, *, media: str = CSV
) -> dict[str, Any]:
    """Preview the file and load it: the same records with the same outcome and values."""
    shown = preview(admin, cloud, dataset, text, media=media)
    counts, errors = load(admin, cloud, dataset, text, media=media)
    found = outcomes(shown)
    kinds = ("loaded", "filtered", "pending", "rejected")
    assert (len(shown["records"]), *(found[kind] for kind in kinds)) == counts
    assert {
        one["line"]: sorted(error["code"] for error in one["errors"])
        for one in shown["records"]
        if one["outcome"] == "rejected"
    } == {line: sorted(error["code"] for error in each) for line, each in errors.items()}
    return shown
