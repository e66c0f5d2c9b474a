"""The model: the tables' content once every file has been loaded exactly once."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.stateful.tables import TABLES, Cells, Row, Table

NOT_A_FILE_OF_IT = b"a,b,c,d,e,f,g\n1,2,3,4,5,6,7\n"


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
    is_batch: bool = False
    corrects: "File | None" = None
    """The file whose rejects these are, corrected; they count right behind it."""
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
        return self.ends and not self.dry

    @property
    def replaces(self) -> bool:
        return self.table.replaced and not (self.is_batch or self.corrects)

    @property
    def accepted(self) -> list[Row]:
        """Its good records, in order."""
        return [self.table.row(cells) for cells in self.records if self.table.accepts(cells)]

    @property
    def rejected(self) -> int:
        return len(self.records) - len(self.accepted)

    def remaining(self, files: list["File"]) -> int:
        """How many of its rejects are neither loaded nor on their way."""
        replays = [file for file in files if file.corrects is self and file.ends]
        return self.rejected + sum(
            replay.remaining(files) - len(replay.records) for replay in replays
        )

    def last(self) -> dict[Row, Row]:
        """Of several good records with one key the last."""
        return {self.table.key_of(row): row for row in self.accepted}


def read_of(records: Iterable[Cells]) -> tuple[Cells, ...]:
    """The records that are read of a file: a line of only delimiters is blank."""
    return tuple(record for record in records if any(record))


def body_of(table: Table, records: Iterable[Cells], *, header: bool) -> bytes:
    """A file of these records."""
    head = [",".join(column.name for column in table.columns)] if header else []
    return "".join(f"{line}\n" for line in [*head, *map(",".join, records)]).encode()


def expected(files: Iterable[File]) -> dict[str, Counter[Row]]:
    """The rows of every table; later landed files win, records without parents wait."""
    landed = sorted((file for file in files if file.counts), key=lambda file: file.place)
    present = _present(landed)
    tables: dict[str, Counter[Row]] = {}
    for table in TABLES.values():
        own = [file for file in landed if file.table is table]
        if table.key:
            tables[table.name] = Counter(_rows(own, present).values())
        else:
            last = max((n for n, file in enumerate(own) if file.replaces), default=0)
            tables[table.name] = Counter(row for file in own[last:] for row in file.accepted)
    return tables


Present = Mapping[str, set[object]]
"""The keys of every table that others refer to."""


def _rows(files: list[File], present: Present) -> dict[Row, Row]:
    rows: dict[Row, Row] = {}
    for file in files:
        if file.replaces:
            rows.clear()
        there = file.last().items()
        rows |= {key: row for key, row in there if not missing(file.table, row, present)}
    return rows


def missing(table: Table, row: Row, present: Present) -> bool:
    """Whether a parent of the row is not there."""
    return any(
        row[place] is not None and row[place] not in present[parent]
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
