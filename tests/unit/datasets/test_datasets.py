"""Datasets are described from what was published, without a database."""

from typing import TYPE_CHECKING, get_args

import pytest

from functions.api.datasets.handler import handle
from tests.unit.http.api_client import STATE, call, parcels
from waybill.contract.model import Format, WriteDisposition
from waybill.state.bucket import StateBucket
from waybill.state.contracts import PublishedContracts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.usefixtures("aws")


def test_a_dataset_is_described() -> None:
    response = call(handle, "GET", "/datasets/parcels")
    assert response.status == 200
    dataset = response.json()
    assert dataset.pop("schema")["required"] == ["code"]
    assert dataset == {
        "name": "parcels",
        "table": "public.parcels",
        "description": "Parcels.",
        "write_disposition": "merge",
        "natural_key": ["code"],
        "references": [],
        "aliases": {},
        "null_words": [],
        "formats": {},
        "header": "auto",
        "delimiter": None,
        "quote": '"',
        "escape": None,
        "escape_codes": False,
        "encoding": None,
        "drift": "refuse",
        "searchable": [],
        "lookups": {},
        "partitioned_by": None,
        "max_upload_bytes": None,
        "version": 3,
    }


def test_the_rules_for_the_files_of_a_dataset_are_described(aws: "S3Client") -> None:
    rules = {
        "aliases": {"package": "code"},
        "null_words": ("NA",),
        "formats": {"code": Format(date="DD/MM/YYYY", zone="Europe/Zurich")},
        "delimiter": ";",
        "quote": None,
        "escape": "\\",
        "escape_codes": True,
        "drift": "ignore",
    }
    StateBucket(aws, STATE).contracts.publish(parcels().model_copy(update=rules))
    dataset = call(handle, "GET", "/datasets/parcels").json()
    assert dataset["aliases"] == {"package": "code"}
    assert dataset["formats"] == {"code": {"date": "DD/MM/YYYY", "zone": "Europe/Zurich"}}
    assert (dataset["null_words"], dataset["delimiter"], dataset["drift"]) == (
        ["NA"],
        ";",
        "ignore",
    )
    assert [dataset[name] for name in ("quote", "escape", "escape_codes")] == [None, "\\", True]


def test_datasets_are_listed_by_name(aws: "S3Client") -> None:
    StateBucket(aws, STATE).contracts.publish(parcels().model_copy(update={"name": "bills"}))
    items = call(handle, "GET", "/datasets").json()["items"]
    assert [item["name"] for item in items] == ["bills", "parcels"]


@pytest.mark.parametrize("name", ["nowhere", "Parcels", "a.b", "x" * 100, "%2e%2e"])
def test_an_unknown_dataset_is_not_found(name: str) -> None:
    assert call(handle, "GET", f"/datasets/{name}").problem() == (404, "unknown-dataset")


def test_a_contract_is_cached(aws: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    contracts = PublishedContracts(aws, STATE)
    assert contracts.get("parcels").version == 3
    StateBucket(aws, STATE).contracts.publish(parcels().model_copy(update={"version": 4}))
    assert contracts.get("parcels").version == 3
    monkeypatch.setattr("waybill.state.contracts.time.monotonic", lambda: 1e12)
    assert contracts.get("parcels").version == 4


@pytest.mark.parametrize("disposition", get_args(WriteDisposition))
def test_every_write_disposition_can_be_described(
    aws: "S3Client", disposition: WriteDisposition
) -> None:
    contract = parcels().model_copy(update={"write_disposition": disposition})
    StateBucket(aws, STATE).contracts.publish(contract)
    response = call(handle, "GET", "/datasets")
    assert response.status == 200
    assert [item["write_disposition"] for item in response.json()["items"]] == [disposition]
