"""Seventeen datasets, fourteen of them made here, and what their records may look like."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from tests.stateful import rules
from tests.stateful.rules import RULED, Cells, Rules

__all__ = ("Cells", "Rules")
Row = tuple[object, ...]
ABSENT: object = ...
"""In a row: the record leaves the column alone."""

UNSEEN = (
    """
CREATE TABLE stock (
    site integer NOT NULL, sku text NOT NULL, qty integer CHECK (qty >= 0),
    counted date NOT NULL, department_id integer REFERENCES departments,
    PRIMARY KEY (site, sku, counted)
) PARTITION BY RANGE (counted);
SELECT waybill.register_dataset('stock', natural_key => '{site,sku}', partition_unit => 'month');
CREATE TABLE visits (n integer NOT NULL, what text);
CREATE TABLE stock_notes (
    site integer, sku text, counted date,
    FOREIGN KEY (site, sku, counted) REFERENCES stock ON UPDATE CASCADE ON DELETE CASCADE
);
SELECT waybill.register_dataset('visits', write_disposition => 'append');
CREATE TABLE quotes (what text NOT NULL, price integer);
SELECT waybill.register_dataset('quotes', write_disposition => 'replace', max_rejects => 1,
    delimiter => E'\\t', quote => 'none', escape => '\\', escape_codes => true);
CREATE TABLE crew (id integer PRIMARY KEY, boss_id integer REFERENCES crew);
SELECT waybill.register_dataset('crew');
CREATE TABLE teams (id integer PRIMARY KEY, lead_id integer);
CREATE TABLE people (id integer PRIMARY KEY, team_id integer REFERENCES teams, name text);
ALTER TABLE teams ADD FOREIGN KEY (lead_id) REFERENCES people;
SELECT waybill.register_dataset('teams');
SELECT waybill.register_dataset('people', quote => '''');
CREATE TABLE prices (
    code text PRIMARY KEY, price integer CHECK (price > 0),
    department_id integer REFERENCES departments
);
SELECT waybill.register_dataset('prices', write_disposition => 'replace', max_rejects => 1);
CREATE TABLE profiles (
    id integer PRIMARY KEY, name text, level integer DEFAULT 7,
    department_id integer REFERENCES departments
);
SELECT waybill.register_dataset('profiles');
CREATE TABLE buoys (id integer PRIMARY KEY, name text, level integer DEFAULT 7);
SELECT waybill.register_dataset('buoys', drift => 'ignore');
CREATE TABLE wrecks (id integer PRIMARY KEY, name text, tons integer, extra jsonb);
SELECT waybill.register_dataset('wrecks', drift => 'rescue', rescued => 'extra');
CREATE TABLE gauges (
    id integer NOT NULL, day date NOT NULL, level integer CHECK (level >= 0), PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
SELECT waybill.register_dataset('gauges', partition_unit => 'month');
CREATE TABLE readings (id integer PRIMARY KEY, value integer);
SELECT waybill.register_dataset('readings', write_disposition => 'append');
"""
    + RULED
)
# Nobody waits for what a suspended process holds, and batches land when a history says so.
IMPATIENT = """
CREATE TABLE waybill.batch_clock (at timestamptz NOT NULL);
INSERT INTO waybill.batch_clock VALUES (now());
DO $do$
DECLARE
    real CONSTANT text := pg_get_functiondef('waybill.register_batch'::regproc);
    posed CONSTANT text := replace(real, 'timestamptz := clock_timestamp()',
        'timestamptz := (SELECT at FROM waybill.batch_clock)');
BEGIN
    ASSERT posed <> real;
    EXECUTE posed;
END
$do$;
ALTER FUNCTION waybill.merge_batch SET lock_timeout = '50ms';
ALTER FUNCTION waybill.lock_against_merge SET lock_timeout = '5ms';
ALTER FUNCTION waybill.register_replay SET lock_timeout = '50ms';
ALTER FUNCTION waybill.fold_step SET lock_timeout = '50ms';
"""


@dataclass(frozen=True)
class Column:
    """A column: how a cell is read, what cells there are, and which of them are refused."""

    name: str
    read: Callable[[str], object]
    cells: tuple[str, ...]
    bad: tuple[str, ...] = ()
    default: object = None
    """Of a new row whose record lacks the column."""
    is_rescued: bool = False
    """Whether it keeps what the table lacks; a record has it only where its file has more."""

    @property
    def shown(self) -> str:
        """The column in a query, as `read` has it."""
        return f"{self.name}::text" if self.is_rescued else self.name

    def value(self, cell: str | None) -> object:
        if cell is None:
            return ABSENT
        return self.read(cell) if cell else None


@dataclass(frozen=True)
class Table:
    """A dataset; `key` and `parents` are places of columns."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[int, ...] = (0,)
    parents: Mapping[int, str] = field(default_factory=dict)
    replaced: bool = False
    """Whether a file is the whole table; it then fails with more than one reject."""
    partial: bool = False
    """Whether records may lack columns."""
    insert_only: bool = False
    """Whether a record is rejected if its key is there; which is first depends on the merges."""
    rules: Rules = rules.NONE
    drift: str = "refuse"
    """What becomes of columns that the table lacks."""
    line: Callable[[Iterable[str]], str] = ",".join
    """Writes a record of a CSV file."""

    def kept(self, records: Iterable[Cells]) -> list[tuple[int, Cells]]:
        """The records that no rule leaves out, as the rules change them, with their places."""
        kept: list[tuple[int, Cells]] = []
        for place, record in enumerate(records):
            cells = self.rules.change(record)
            is_double = any(cells == other for _, other in kept) and self.accepts(cells)
            if self.rules.keep(cells) and not (self.rules.no_duplicates and is_double):
                kept.append((place, cells))
        return kept

    def accepts(self, cells: Cells) -> bool:
        return not any(cell in column.bad for cell, column in zip(cells, self.columns, strict=True))

    def row(self, cells: Cells) -> Row:
        return tuple(c.value(cell) for cell, c in zip(cells, self.columns, strict=True))

    def fields(self, cells: Cells) -> dict[str, str | None]:
        """A record as JSON: what is empty in a file is null."""
        return {
            column.name: cell or None
            for column, cell in zip(self.columns, cells, strict=True)
            if cell is not None
        }

    def key_of(self, row: Row) -> Row:
        return tuple(row[place] for place in self.key)


def _in_single_quotes(cells: Iterable[str]) -> str:
    return ",".join("'" + cell.replace("'", "''") + "'" if cell else "" for cell in cells)


def _with_backslashes(cells: Iterable[str]) -> str:
    return "\t".join(cell.replace("\\", "\\\\").replace("\t", "\\t") for cell in cells)


_IDS = ("1", "2", "3", "4")
_PARENTS = ("", *_IDS)


def _number(name: str, cells: tuple[str, ...], *bad: str, default: object = None) -> Column:
    return Column(name, int, cells, bad, default)


_ID = _number("id", _IDS, "x", "", "0x1")
_NAME = ("Ada", "Bo")
_DAYS = ("2024-01-15", "2024-02-15")
_TIMES = ("2021-03-01T00:00:00Z", "2022-03-01T12:00:00Z", "2023-01-01T00:00:00Z")

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table("departments", (_ID, Column("department", str, _NAME, ("",)))),
        Table("jobs", (_ID, Column("job", str, _NAME, ("",)))),
        Table(
            "hired_employees",
            (
                _ID,
                Column("name", str, _NAME, ("",)),
                Column("hire_dt", datetime.fromisoformat, _TIMES, ("2021-02-30T00:00:00Z", "now")),
                _number("department_id", _PARENTS, "x"),
                _number("job_id", _PARENTS, "5.4"),
            ),
            parents={3: "departments", 4: "jobs"},
        ),
        Table(
            "stock",
            (
                _number("site", ("1", "2"), ""),
                Column("sku", str, ("a", "b"), ("",)),
                _number("qty", ("", "0", "5"), "-1"),
                Column(
                    "counted", date.fromisoformat, ("2024-01-15", "2024-02-15"), ("2024-02-30",)
                ),
                _number("department_id", _PARENTS, "x"),
            ),
            key=(0, 1),
            parents={4: "departments"},
        ),
        Table("visits", (_number("n", _IDS, "x"), Column("what", str, ("", "a"))), key=()),
        Table(
            "quotes",
            (
                Column("what", str, ('"Ada"', "\\N\t\\"), ("",)),
                _number("price", ("", "1", "2"), "x"),
            ),
            key=(),
            replaced=True,
            line=_with_backslashes,
        ),
        Table("crew", (_ID, _number("boss_id", _PARENTS, "x")), parents={1: "crew"}),
        Table("teams", (_ID, _number("lead_id", _PARENTS, "x")), parents={1: "people"}),
        Table(
            "people",
            (_ID, _number("team_id", _PARENTS, "x"), Column("name", str, ("Ada", "O'N, \"x"))),
            parents={1: "teams"},
            line=_in_single_quotes,
        ),
        Table(
            "prices",
            (
                Column("code", str, ("a", "b", "c"), ("",)),
                _number("price", ("", "1", "2"), "-1", "x"),
                _number("department_id", ("", "1", "2"), "x"),
            ),
            parents={2: "departments"},
            replaced=True,
        ),
        Table(
            "profiles",
            (
                _ID,
                Column("name", str, ("", *_NAME)),
                _number("level", ("", "1", "2"), "x", default=7),
                _number("department_id", _PARENTS, "x"),
            ),
            parents={3: "departments"},
            partial=True,
        ),
        Table(
            "gauges",
            (
                _ID,
                Column(
                    "day",
                    date.fromisoformat,
                    ("2021-01-15", "2021-02-15", "2022-03-01", "2022-04-01"),
                    ("2021-02-30",),
                ),
                _number("level", ("", "0", "5"), "-1"),
            ),
            key=(0, 1),
        ),
        Table("readings", (_ID, _number("value", ("", "1", "2"), "x")), insert_only=True),
        Table(
            "buoys",
            (
                _ID,
                Column("name", str, ("", *_NAME)),
                _number("level", ("", "1", "2"), "x", default=7),
            ),
            partial=True,
            drift="ignore",
        ),
        Table(
            "wrecks",
            (
                _ID,
                Column("name", str, ("", *_NAME)),
                _number("tons", ("", "1", "2"), "x"),
                Column("extra", str, ("",), is_rescued=True),
            ),
            partial=True,
            drift="rescue",
        ),
        Table(
            "berths",
            (
                Column("code", str, ("a", "A", " b", "Total"), ("",)),
                Column("name", str, ("", "?", "Ada ")),
                _number("tons", ("", "1", " 2"), "x"),
                _number("department_id", _PARENTS, "x"),
            ),
            parents={3: "departments"},
            rules=rules.BERTHS,
        ),
        Table(
            "sightings",
            (_number("n", ("1", "2"), "x"), Column("what", str, ("", "a"))),
            key=(),
            rules=rules.SIGHTINGS,
        ),
    )
}
