"""Applies the files of a dataset: its declaration once, later its migrations."""

from collections.abc import Iterator

from pydantic import ValidationError

from waybill.database.datasets import Datasets
from waybill.database.end_state import check_end_state
from waybill.database.ledger import Ledger
from waybill.database.queries import queries
from waybill.database.script_errors import explain_contract
from waybill.database.scripts import Connection, DatasetScripts, Script, become_owner, run
from waybill.errors import Conflict


def registered_datasets(connection: Connection) -> set[str]:
    """The names of the datasets that this database has."""
    with connection.transaction():
        become_owner(connection)
        return {name for (name,) in queries("migrate").dataset_names(connection)}


def create_dataset(
    connection: Connection, ledger: Ledger, dataset: DatasetScripts
) -> Iterator[Script]:
    """Run the declaration on a database without the dataset; gives it back as applied.

    The declaration is the state after all migrations, which are recorded as contained in it.

    Raises:
        Conflict: `dataset-unregistered`, `dataset-invalid`; `dataset-changed`, the table was
            there already and is not what the file declares.
        ScriptError: the server refused the file.
    """
    declaration = dataset.declaration
    assert declaration is not None  # noqa: S101 - for the type checker
    q = queries("migrate")
    there = {oid for (oid,) in q.table_oids(connection)}
    run(connection, declaration)
    if q.target_of(connection, dataset=dataset.name) is None:
        detail = f"{declaration.path} does not register a dataset of that name."
        raise Conflict("dataset-unregistered", detail)
    _check_contract(connection, declaration, dataset.name)
    if q.target_of(connection, dataset=dataset.name) in there:
        check_end_state(connection, declaration, dataset.name)
    for script in (*dataset.migrations, declaration):
        ledger.record(script)
    yield declaration


def update_dataset(
    connection: Connection, ledger: Ledger, dataset: DatasetScripts
) -> Iterator[Script]:
    """Run the migrations that are due, and compare the result with the declaration.

    Raises:
        Conflict: `migration-*`; `dataset-changed`, the declaration differs from the database;
            `dataset-missing`, there is no declaration, but the dataset is still registered.
        ScriptError: the server refused a migration.
    """
    folder = f"datasets/{dataset.name}"
    for script in ledger.unapplied(folder, dataset.migrations):
        run(connection, script)
        ledger.record(script)
        yield script
    if dataset.name not in registered_datasets(connection):
        return
    if dataset.declaration is None:
        detail = f"{folder}.sql is missing, but the dataset is still registered; write a migration."
        raise Conflict("dataset-missing", detail)
    _check_contract(connection, dataset.declaration, dataset.name)
    check_end_state(connection, dataset.declaration, dataset.name)
    if not ledger.is_current(dataset.declaration):
        ledger.record(dataset.declaration)
        yield dataset.declaration


def _check_contract(connection: Connection, script: Script, dataset: str) -> None:
    become_owner(connection)
    try:
        Datasets(connection).contract(dataset)
    except ValidationError as error:
        raise explain_contract(script, error) from error
    connection.execute("SET LOCAL ROLE NONE")
