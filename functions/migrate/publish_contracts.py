"""Publish the contract of every dataset to S3, where the API reads it without the database."""

from waybill.contract.model import Contract
from waybill.database.datasets import Datasets
from waybill.database.repository import Connection, transaction
from waybill.database.scripts import become_owner
from waybill.state.contracts import PublishedContracts


def publish_contracts(connection: Connection, published: PublishedContracts) -> list[str]:
    """Publish what is registered and remove what is not; gives the published names, sorted.

    Raises:
        Unavailable: the database or S3 cannot be reached; safe to repeat.
    """
    contracts = _contracts(connection)
    for contract in contracts:
        published.publish(contract)
    names = [contract.name for contract in contracts]
    for unregistered in set(published.names()) - set(names):
        published.withdraw(unregistered)
    return names


def _contracts(connection: Connection) -> list[Contract]:
    datasets = Datasets(connection)
    with transaction(connection):
        become_owner(connection)
        return [datasets.contract(name) for name in datasets.names()]
