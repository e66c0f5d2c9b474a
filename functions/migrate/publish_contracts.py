"""The verb: put every dataset's contract where the doors read it without the database."""

from waybill.contract.model import Contract
from waybill.database.datasets import Datasets
from waybill.database.repository import Connection, transaction
from waybill.database.scripts import become_owner
from waybill.state.contracts import PublishedContracts


def publish_contracts(connection: Connection, published: PublishedContracts) -> list[str]:
    """Publish what is registered and remove what is not; the names that are published, sorted.

    Raises:
        Unavailable: the database or S3 cannot be reached; what was done stays, do it again.
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
