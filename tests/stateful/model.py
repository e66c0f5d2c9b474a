"""The model: the tables' content once every file has been loaded exactly once."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.stateful.tables import ABSENT, TABLES, Cells, Row, Table

NOT_A_FILE_OF_IT = b"a,b,c,d,e,f,g\n1,2,3,4,5,6,7\n"
DRIFTED = "colour"
"""A column that no table has."""


@dataclass(eq=False)
class File:
    """What landed: an object or a batch. A `corrupt` file has columns that no dataset has."""

    table: Table
    second: int
    key: str
    version: str
    records: tuple[Cells, ...]
    corrupt: bool = False
    cancelled: bool = False
    dry: bool = False
    reverted: bool = False
    reverting: bool = False
    """Whether its revert was requested, and is neither done nor refused as far as is known."""
    is_batch: bool = False
    drifted: bool = False
    """Whether it has a column that its table lacks."""
    is_archive: bool = False
    """Whether it is an archive, whose members are files of their own."""
    archive: "File | None" = None
    corrects: "File | None" = None
    """The file whose rejects these are, corrected; they count right behind it."""
    body: bytes = b""
    """Of an object that was copied into the bucket."""
    turn: int = 0
    """Which of the replays it is, in the order in which they were requested."""

    @property
    def place(self) -> tuple[int, str, str, int]:
        if self.corrects:
            return (*self.corrects.place[:3], self.turn)
        return self.second, self.key, self.version, 0

    @property
    def fails(self) -> bool:
        """Whether it is bad as a whole."""
        too_many = self.table.replaced and not self.is_batch and self.rejected > 1
        return self.corrupt or too_many

    @property
    def ends(self) -> bool:
        """Whether it ends with a waybill."""
        return not (self.fails or self.cancelled)

    @property
    def counts(self) -> bool:
        return self.ends and not self.dry and not self.reverted

    @property
    def replaces(self) -> bool:
        return self.table.replaced and not (self.is_batch or self.corrects)

    @property
    def accepted(self) -> list[Row]:
        """Its good records, in order."""
        kept = self.table.kept(self.records)
        return [self.table.row(cells) for _, cells in kept if self.table.accepts(cells)]

    @property
    def rejected(self) -> int:
        return len(self.table.kept(self.records)) - len(self.accepted)

    @property
    def filtered(self) -> int:
        return len(self.records) - len(self.table.kept(self.records))

    def remaining(self, files: list["File"]) -> int:
        """How many of its rejects are neither loaded nor on their way."""
        replays = [
            file for file in files if file.corrects is self and file.ends and not file.reverted
        ]
        return self.rejected + sum(
            replay.remaining(files) - len(replay.records) for replay in replays
        )

    def last(self) -> dict[Row, Row]:
        """Of several good records with one key the last, with what it lacks from those before."""
        last: dict[Row, Row] = {}
        for row in self.accepted:
            key = self.table.key_of(row)
            last[key] = completed(row, last.get(key, row))
        return last


def completed(row: Row, other: Row) -> Row:
    """The row, with the columns that it lacks as in the other."""
    return tuple(b if a is ABSENT else a for a, b in zip(row, other, strict=True))


def is_json(records: Iterable[Cells]) -> bool:
    """Whether only JSON can say it: the records lack different columns."""
    return len({tuple(cell is None for cell in record) for record in records}) > 1


def read_of(records: tuple[Cells, ...]) -> tuple[Cells, ...]:
    """The records that are read of a file: in CSV a line of only delimiters is blank."""
    return records if is_json(records) else tuple(record for record in records if any(record))


def body_of(table: Table, records: tuple[Cells, ...], *, header: bool) -> bytes:
    """A file of these records: CSV, or JSON lines where they lack different columns."""
    if is_json(records):
        return "".join(f"{json.dumps(table.fields(cells))}\n" for cells in records).encode()
    has = [cell is not None for cell in records[0]] if records else [True] * len(table.columns)
    names = [column.name for column, is_there in zip(table.columns, has, strict=True) if is_there]
    lines = [[cell for cell in cells if cell is not None] for cells in records]
    return "".join(
        f"{table.line(line)}\n" for line in [*([names] if header else []), *lines]
    ).encode()


def drifted_body(table: Table, records: Sequence[Cells], colours: Sequence[str]) -> bytes:
    """A CSV with a column that the table lacks; without the columns that the first record lacks."""
    places = [
        place
        for place, column in enumerate(table.columns)
        if not (column.is_rescued or (records and records[0][place] is None))
    ]
    lines = [[table.columns[place].name for place in places] + [DRIFTED]]
    for record, colour in zip(records, colours, strict=True):
        lines.append([record[place] or "" for place in places] + [colour])
    return "".join(f"{','.join(line)}\n" for line in lines).encode()


def rescued(table: Table, record: Cells, colour: str) -> Cells:
    """The record with what its table lacks."""
    return tuple(
        f'{{"{DRIFTED}": "{colour}"}}' if column.is_rescued else cell
        for column, cell in zip(table.columns, record, strict=True)
    )


def expected(files: Iterable[File]) -> dict[str, Counter[Row]]:
    """The rows of every table; later landed files win, records without parents wait."""
    landed = sorted((file for file in files if file.counts), key=lambda file: file.place)
    present = _present(landed)
    tables: dict[str, Counter[Row]] = {}
    for table in TABLES.values():
        own = [file for file in landed if file.table is table]
        if table.insert_only:
            continue
        if table.key:
            tables[table.name] = Counter(_rows(own, present).values())
        else:
            last = max((n for n, file in enumerate(own) if file.replaces), default=0)
            tables[table.name] = Counter(row for file in own[last:] for row in file.accepted)
    return tables


def check_insert_only(table: Table, files: Iterable[File], rows: Counter[Row]) -> None:
    """Each key that came is there once, as one of the records that had it."""
    candidates = {
        row for file in files if file.table is table and file.counts for row in file.accepted
    }
    assert set(rows) <= candidates, table.name
    keys = Counter(table.key_of(row) for row in rows.elements())
    assert keys == Counter({table.key_of(row) for row in candidates}), table.name


Present = Mapping[str, set[object]]
"""The keys of every table that others refer to."""


def _rows(files: list[File], present: Present) -> dict[Row, Row]:
    rows: dict[Row, Row] = {}
    # Columns of earlier records that wait for a parent. One that leaves them alone follows those.
    waiting: dict[Row, set[int]] = {}
    for file in files:
        if file.replaces:
            rows.clear()
        for key, row in file.last().items():
            has = {place for place, value in enumerate(row) if value is not ABSENT}
            if missing(file.table, row, present) or not waiting.get(key, set()) <= has:
                waiting.setdefault(key, set()).update(has)
                continue
            waiting.pop(key, None)
            defaults = tuple(column.default for column in file.table.columns)
            rows[key] = completed(row, rows.get(key, defaults))
    return rows


def missing(table: Table, row: Row, present: Present) -> bool:
    """Whether a parent of the row is not there."""
    return any(
        row[place] not in (None, ABSENT) and row[place] not in present[parent]
        for place, parent in table.parents.items()
    )


def _present(files: list[File]) -> Present:
    """The most keys of which each has a record whose parents are all among them.

    Records may wait for each other, across files and tables: they are there when all came.
    """
    parents = {parent for table in TABLES.values() for parent in table.parents.values()}
    records = [
        (file.table, row)
        for file in files
        if file.table.name in parents
        for row in file.last().values()
    ]
    present: Present = {name: set() for name in parents}
    for table, row in records:
        present[table.name].add(row[0])
    while True:
        there: Present = {name: set() for name in parents}
        for table, row in records:
            if not missing(table, row, present):
                there[table.name].add(row[0])
        if there == present:
            return present
        present = there
