"""Published contracts, `contracts/{dataset}.json`: what the API reads without the database."""

import time
from typing import TYPE_CHECKING

from waybill.clients import read_object, storage_reached
from waybill.contract.model import Contract
from waybill.errors import NotFound
from waybill.landing.keys import DATASET

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "contracts/"
_CACHE_SECONDS = 30.0


class PublishedContracts:
    """The contracts of all datasets, each cached for half a minute: every request reads one.

    Every method raises `Unavailable` when S3 cannot be reached.
    """

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._cache: dict[str, tuple[float, Contract]] = {}

    def get(self, name: str) -> Contract:
        """The published contract of the dataset. A missing one is never cached.

        Raises:
            NotFound: `unknown-dataset`.
        """
        expires, contract = self._cache.get(name, (0.0, None))
        if contract is None or time.monotonic() > expires:
            contract = self._read(name)
            self._cache[name] = (time.monotonic() + _CACHE_SECONDS, contract)
        return contract

    def all(self) -> list[Contract]:
        """Every published contract, by name."""
        return [self.get(name) for name in self.names()]

    def names(self) -> list[str]:
        """The names of all published datasets, sorted."""
        with storage_reached():
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=_PREFIX
            )
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        names = (key.removeprefix(_PREFIX).removesuffix(".json") for key in keys)
        return sorted(name for name in names if DATASET.fullmatch(name))

    def publish(self, contract: Contract) -> None:
        """Write the contract."""
        with storage_reached():
            self._s3.put_object(
                Bucket=self._bucket,
                Key=_key(contract.name),
                Body=contract.model_dump_json().encode(),
                ContentType="application/json",
            )

    def withdraw(self, name: str) -> None:
        """Delete the contract of a dataset that is no longer registered."""
        with storage_reached():
            self._s3.delete_object(Bucket=self._bucket, Key=_key(name))

    def _read(self, name: str) -> Contract:
        is_name = DATASET.fullmatch(name)
        body = read_object(self._s3, self._bucket, _key(name)) if is_name else None
        if body is None:
            raise NotFound("unknown-dataset", f"There is no dataset {name!r}.")
        return Contract.model_validate_json(body)


def _key(name: str) -> str:
    return f"{_PREFIX}{name}.json"
