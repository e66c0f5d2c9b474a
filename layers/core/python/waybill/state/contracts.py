"""Contracts published to the state bucket, for the doors that must not need the database."""

import time
from typing import TYPE_CHECKING

from waybill.clients import read_object, storage_reached
from waybill.contract.model import Contract
from waybill.errors import NotFound
from waybill.landing.keys import DATASET

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "contracts/"
_FRESH_SECONDS = 30.0


def publish(s3: "S3Client", bucket: str, contract: Contract) -> None:
    """Write `contracts/{name}.json`.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    with storage_reached():
        s3.put_object(
            Bucket=bucket,
            Key=f"{PREFIX}{contract.name}.json",
            Body=contract.model_dump_json().encode(),
            ContentType="application/json",
        )


def load(s3: "S3Client", bucket: str, name: str) -> Contract:
    """The published contract of the dataset.

    Raises:
        NotFound: `unknown-dataset`.
        Unavailable: S3 cannot be reached.
    """
    known = DATASET.fullmatch(name)
    body = read_object(s3, bucket, f"{PREFIX}{name}.json") if known else None
    if body is None:
        raise NotFound("unknown-dataset", f"There is no dataset {name!r}.")
    return Contract.model_validate_json(body)


def names(s3: "S3Client", bucket: str) -> list[str]:
    """The names of all published datasets, sorted.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    with storage_reached():
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX)
        keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    found = (key.removeprefix(PREFIX).removesuffix(".json") for key in keys)
    return sorted(name for name in found if DATASET.fullmatch(name))


class Contracts:
    """The published contracts, each kept for half a minute: a door reads them at every call."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._kept: dict[str, tuple[float, Contract]] = {}

    def get(self, name: str) -> Contract:
        """The contract of the dataset; raises like `load`. What is unknown is never kept."""
        until, contract = self._kept.get(name, (0.0, None))
        if contract is None or time.monotonic() > until:
            contract = load(self._s3, self._bucket, name)
            self._kept[name] = (time.monotonic() + _FRESH_SECONDS, contract)
        return contract

    def all(self) -> list[Contract]:
        """Every published contract, by name."""
        return [self.get(name) for name in names(self._s3, self._bucket)]
