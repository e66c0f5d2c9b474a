"""Generators of random histories."""

from collections import Counter

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
def some_files(draw: st.DrawFn, least: int = 0) -> tuple[str, tuple[Cells, ...]]:
    """A dataset's name, and records of it."""
    name = draw(names)
    return name, draw(some_records(TABLES[name], least))
