"""The verb: put every dataset's contract where the doors read it without the database."""

from typing import TYPE_CHECKING

from waybill.clients import storage_reached
from waybill.contract.model import Contract
from waybill.database.datasets import Datasets
from waybill.database.repository import Connection, transaction
from waybill.database.scripts import become_owner
from waybill.state import contracts as published

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def publish_contracts(connection: Connection, s3: "S3Client", bucket: str) -> list[str]:
    """Publish what is registered and remove what is not; the names that are published, sorted.

    Raises:
        Unavailable: the database or S3 cannot be reached; what was done stays, do it again.
    """
    contracts = _contracts(connection)
    for contract in contracts:
        published.publish(s3, bucket, contract)
    names = [contract.name for contract in contracts]
    for gone in set(published.names(s3, bucket)) - set(names):
        with storage_reached():
            s3.delete_object(Bucket=bucket, Key=f"{published.PREFIX}{gone}.json")
    return names


def _contracts(connection: Connection) -> list[Contract]:
    datasets = Datasets(connection)
    with transaction(connection):
        become_owner(connection)
        return [datasets.contract(name) for name in datasets.names()]
