"""Generators of random histories."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import strategies as st

from tests.stateful.tables import TABLES, Cells, Table

PROVOKED: Counter[str] = Counter()
"""What was done to the worlds of this process, by kind, and how much they loaded."""
names = st.sampled_from(list(TABLES))
places = st.integers(0, 30)
seconds = st.integers(0, 6)


@st.composite
def some_records(draw: st.DrawFn, table: Table, least: int = 0, most: int = 5) -> tuple[Cells, ...]:
    """Records of the table, most of them good."""
    good = st.tuples(*(st.sampled_from(column.cells) for column in table.columns))
    any_cell = [st.sampled_from(column.cells + column.bad) for column in table.columns]
    record = st.one_of(good, good, st.tuples(*any_cell))
    return tuple(draw(st.lists(record, min_size=least, max_size=most)))


@st.composite
def some_files(
    draw: st.DrawFn, among: Sequence[str] = (), least: int = 0, *, alike: bool = False
) -> tuple[str, tuple[Cells, ...]]:
    """A dataset's name, and records of it; `alike` ones lack the same columns."""
    name = draw(st.sampled_from(among) if among else names)
    table = TABLES[name]
    records = draw(some_records(table, least))
    if not table.partial:
        return name, records
    masks = st.tuples(st.just(True), *(
        st.just(False) if column.is_rescued else st.booleans() for column in table.columns[1:]
    ))  # fmt: skip
    mask = draw(masks)
    return name, tuple(
        tuple(
            cell if has else None
            for cell, has in zip(record, mask if alike else draw(masks), strict=True)
        )
        for record in records
    )


def spoiled(table: Table, records: tuple[Cells, ...]) -> tuple[Cells, ...]:
    """The records, the last of them with a bad cell."""
    if not records:
        return records
    *others, last = records
    place = next(place for place, column in enumerate(table.columns) if column.bad)
    return (*others, (*last[:place], table.columns[place].bad[0], *last[place + 1 :]))
