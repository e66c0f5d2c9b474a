"""A second oracle: load every record again, row by row, in order, and let PostgreSQL judge.

It shares nothing with the product but the column types: plain tables without partitions, one
INSERT a record, deferred foreign keys. Records whose parents never came are left out, and all
is loaded again without them, until the constraints hold.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import LiteralString, NamedTuple

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


class _Keys(NamedTuple):
    """By table and key: what records that are left out have, and records that still count."""

    waiting: defaultdict[tuple[str, Row], set[int]]
    in_force: defaultdict[tuple[str, Row], list[Record]]
    """Records with a field that no later record of their key has."""


def _fields(record: Record) -> set[int]:
    return {place for place, cell in enumerate(record.cells) if cell is not None}


def reload(admin: Connection, files: Iterable[File]) -> Mapping[str, Counter[Row]]:
    """The rows of every table after a plain load of these files; the database is as before."""
    ordered = sorted((file for file in files if file.counts), key=lambda file: file.place)
    left_out: set[tuple[str, str, int]] = set()
    while True:
        with admin.transaction(force_rollback=True):
            _create_tables(admin)
            keys = _Keys(defaultdict(set), defaultdict(list))
            for file in ordered:
                _load(admin, file, left_out, keys)
            orphans = _orphans(admin) | _followed_orphans(admin, keys)
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
        for column in table.columns:
            if column.default is not None:
                admin.execute(
                    f"ALTER TABLE {_PREFIX}{table.name} ALTER COLUMN {column.name}"
                    f" SET DEFAULT {column.default}".encode()
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


def _load(
    admin: Connection,
    file: File,
    left_out: set[tuple[str, str, int]],
    keys: _Keys,
) -> None:
    if file.replaces:
        admin.execute(f"DELETE FROM {_PREFIX}{file.table.name}".encode())
    for record in _last_of_each_key(file):
        key = (file.table.name, file.table.key_of(file.table.row(record.cells)))
        has = _fields(record)
        is_left_out = (file.key, file.version, record.line) in left_out
        if file.table.key and (is_left_out or not keys.waiting[key] <= has):
            # A record that lacks some of these columns would follow one that is not there.
            keys.waiting[key] |= has
        elif not is_left_out:
            keys.waiting.pop(key, None)
            before = [one for one in keys.in_force[key] if not _fields(one) <= has]
            keys.in_force[key] = [*before, record]
            _write(admin, record)


def _last_of_each_key(file: File) -> list[Record]:
    """What is left of the file once later lines have won over earlier ones of their key."""
    valid = [
        Record(file, line, cells)
        for line, cells in file.table.kept(file.records)
        if file.table.accepts(cells)
    ]
    if not file.table.key:
        return valid
    last: dict[Row, Record] = {}
    for record in valid:
        key = file.table.key_of(file.table.row(record.cells))
        before = last.get(key, record).cells
        cells = tuple(b if a is None else a for a, b in zip(record.cells, before, strict=True))
        last[key] = record._replace(cells=cells)
    return list(last.values())


def _write(admin: Connection, record: Record) -> None:
    table = record.file.table
    values: dict[str, object] = {
        column.name: cell or None
        for column, cell in zip(table.columns, record.cells, strict=True)
        if cell is not None
    }
    key = {table.columns[place].name: values[table.columns[place].name] for place in table.key}
    if any(record.cells[place] is not None for place in table.parents) or not table.partial:
        # Whoever wrote the references of a row is to blame if they lead nowhere.
        values |= {"file_key": record.file.key, "file_version": record.file.version}
        values["line"] = record.line
    if not _insert(admin, table, values) and not table.insert_only:
        _execute(admin, table, "UPDATE {table} SET {changes} WHERE {key}", values, key)


def _insert(admin: Connection, table: Table, values: Mapping[str, object]) -> bool:
    try:
        with admin.transaction():
            _execute(admin, table, "INSERT INTO {table} ({names}) VALUES ({values})", values, {})
    except errors.UniqueViolation:
        return False
    return True


def _execute(
    admin: Connection,
    table: Table,
    statement: LiteralString,
    values: Mapping[str, object],
    key: Mapping[str, object],
) -> None:
    def pairs(of: Mapping[str, object], between: LiteralString) -> sql.Composed:
        one = sql.SQL("{} = {}")
        return sql.SQL(between).join(
            one.format(sql.Identifier(name), sql.Literal(value)) for name, value in of.items()
        )

    admin.execute(
        sql.SQL(statement).format(
            table=sql.Identifier(_PREFIX + table.name),
            names=sql.SQL(", ").join(map(sql.Identifier, values)),
            values=sql.SQL(", ").join(map(sql.Literal, values.values())),
            changes=pairs(values, ", "),
            key=pairs(key, " AND "),
        )
    )


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


def _followed_orphans(admin: Connection, keys: _Keys) -> set[tuple[str, str, int]]:
    """Partial records whose parents never came, also where a later one changed the reference.

    They are not replaced by it, so they wait, and so does what follows them.
    """
    found: set[tuple[str, str, int]] = set()
    for records in keys.in_force.values():
        for record in records:
            for place, parent in record.file.table.parents.items():
                if record.file.table.partial and record.cells[place]:
                    key = TABLES[parent].columns[0].name
                    there = admin.execute(
                        f"SELECT FROM {_PREFIX}{parent} WHERE {key} = %s".encode(),
                        (record.cells[place],),
                    )
                    if there.fetchone() is None:
                        found.add((record.file.key, record.file.version, record.line))
    return found


def _rows(admin: Connection, table: Table) -> Counter[Row]:
    names = ", ".join(column.shown for column in table.columns)
    rows = admin.execute(f"SELECT {names} FROM {_PREFIX}{table.name}".encode()).fetchall()
    return Counter(rows)
