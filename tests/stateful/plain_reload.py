"""A second oracle: load every record again, row by row, in order, and let PostgreSQL judge.

It shares nothing with the product but the column types: plain tables without partitions, one
INSERT a record, deferred foreign keys. Records whose parents never came are left out, and all
is loaded again without them, until the constraints hold.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from psycopg import errors, sql

from tests.postgres.databases import Connection
from tests.stateful.model import File
from tests.stateful.tables import TABLES, Cells, Row, Table

_PREFIX = "plain_"


class Record(NamedTuple):
    """A valid record, and where it stands: the place of its file and its line."""

    file: File
    line: int
    cells: Cells


def reload(admin: Connection, files: Iterable[File]) -> Mapping[str, Counter[Row]]:
    """The rows of every table after a plain load of these files; the database is as before."""
    ordered = sorted((file for file in files if file.counts), key=lambda file: file.place)
    left_out: set[tuple[str, str, int]] = set()
    while True:
        with admin.transaction(force_rollback=True):
            _create_tables(admin)
            for file in ordered:
                _load(admin, file, left_out)
            orphans = _orphans(admin)
            if not orphans:
                # The last word is PostgreSQL's: this raises if a key is broken all the same.
                admin.execute("SET CONSTRAINTS ALL IMMEDIATE")
                return {name: _rows(admin, table) for name, table in TABLES.items()}
            left_out |= orphans


def _create_tables(admin: Connection) -> None:
    for table in TABLES.values():
        names = ", ".join(column.name for column in table.columns)
        admin.execute(
            f"CREATE TABLE {_PREFIX}{table.name} AS SELECT {names}, ''::text AS file_key,"
            f" ''::text AS file_version, 0 AS line FROM {table.name} WITH NO DATA".encode()
        )
        if table.key:
            key = ", ".join(table.columns[place].name for place in table.key)
            admin.execute(f"ALTER TABLE {_PREFIX}{table.name} ADD PRIMARY KEY ({key})".encode())
    for table in TABLES.values():
        for place, parent in table.parents.items():
            admin.execute(
                f"ALTER TABLE {_PREFIX}{table.name} ADD FOREIGN KEY"
                f" ({table.columns[place].name}) REFERENCES {_PREFIX}{parent}"
                " DEFERRABLE INITIALLY DEFERRED".encode()
            )


def _load(admin: Connection, file: File, left_out: set[tuple[str, str, int]]) -> None:
    if file.replaces:
        admin.execute(f"DELETE FROM {_PREFIX}{file.table.name}".encode())
    for record in _last_of_each_key(file):
        if (file.key, file.version, record.line) not in left_out:
            _write(admin, record)


def _last_of_each_key(file: File) -> list[Record]:
    """What is left of the file once later lines have won over earlier ones of their key."""
    valid = [
        Record(file, line, cells)
        for line, cells in enumerate(file.records)
        if file.table.accepts(cells)
    ]
    if not file.table.key:
        return valid
    return list({file.table.key_of(file.table.row(r.cells)): r for r in valid}.values())


def _write(admin: Connection, record: Record) -> None:
    table = record.file.table
    names = [column.name for column in table.columns] + ["file_key", "file_version", "line"]
    values = [cell or None for cell in record.cells]
    insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(_PREFIX + table.name),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join(sql.Placeholder() * len(names)),
    )
    parameters = [*values, record.file.key, record.file.version, record.line]
    try:
        with admin.transaction():
            admin.execute(insert, parameters)
    except errors.UniqueViolation:
        key = [table.columns[place].name for place in table.key]
        delete = sql.SQL("DELETE FROM {} WHERE ({}) = ({})").format(
            sql.Identifier(_PREFIX + table.name),
            sql.SQL(", ").join(map(sql.Identifier, key)),
            sql.SQL(", ").join(sql.Placeholder() * len(key)),
        )
        admin.execute(delete, [values[place] for place in table.key])
        admin.execute(insert, parameters)


def _orphans(admin: Connection) -> set[tuple[str, str, int]]:
    found: set[tuple[str, str, int]] = set()
    for table in TABLES.values():
        for place, parent in table.parents.items():
            column, key = table.columns[place].name, TABLES[parent].columns[0].name
            rows = admin.execute(
                f"SELECT file_key, file_version, line FROM {_PREFIX}{table.name} AS child"
                f" WHERE child.{column} IS NOT NULL AND NOT EXISTS (SELECT FROM"
                f" {_PREFIX}{parent} AS parent WHERE parent.{key} = child.{column})".encode()
            )
            found |= set(rows.fetchall())
    return found


def _rows(admin: Connection, table: Table) -> Counter[Row]:
    names = ", ".join(column.name for column in table.columns)
    rows = admin.execute(f"SELECT {names} FROM {_PREFIX}{table.name}".encode()).fetchall()
    return Counter(rows)
