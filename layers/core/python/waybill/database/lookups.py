"""Rows by value: strategies with their plans, pages of rows, and leases of generations."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypedDict, Unpack
from uuid import UUID

from waybill.database.json_parameters import jsonb
from waybill.database.repository import Repository
from waybill.tables.formats import TableColumn


class ExplainedRow(NamedTuple):
    """A row, and how PostgreSQL found it."""

    item: str | None
    """The row as JSON; the first one that was read if several match."""
    plan_node: str | None
    index_name: str | None
    as_declared: bool | None
    """Whether the plan uses the index that the strategy declares."""
    rows_scanned: int
    rows_found: int
    buffers: int
    """Pages of 8 KiB."""
    planning_ms: float
    execution_ms: float


class FoundRow(NamedTuple):
    """A row as JSON, and its natural key as text."""

    item: str
    key: list[str]


class _Lease(NamedTuple):
    generation: UUID | None
    seconds: float | None


class GenerationLease(NamedTuple):
    """The generation of a dataset's rows, which does not end within `seconds`."""

    generation: UUID
    seconds: float


class FindOptions(TypedDict):
    """Which page of rows, and whether personal values are in it."""

    after: Sequence[str] | None
    """The natural key of the last row before it."""
    limit: int
    max_bytes: int
    """Reading stops one row after they have more."""
    masked: bool


def _page(options: FindOptions) -> dict[str, object]:
    after = options["after"]
    return {
        "p_after": None if after is None else jsonb(list(after)),
        "p_limit": options["limit"],
        "p_bytes": options["max_bytes"],
        "p_masked": options["masked"],
    }


class _RowColumn(NamedTuple):
    name: str
    kind: str
    type_precision: int | None
    type_scale: int | None
    is_masked: bool


class Lookups(Repository):
    """Rows of datasets by value."""

    def look_up(
        self, dataset: str, strategy: str, values: Mapping[str, str], *, masked: bool
    ) -> ExplainedRow:
        """Look a row up by a declared strategy; with `masked` it has no personal values.

        Raises:
            Rejected: `unknown-dataset`; `data-refused`, a value is not of its column's type.
        """
        row = self._row(
            ExplainedRow,
            "look_up",
            p_dataset=dataset,
            p_strategy=strategy,
            p_values=jsonb(dict(values)),
            p_masked=masked,
        )
        assert row is not None  # noqa: S101 - the routine returns one row
        return row

    def find_rows(
        self, dataset: str, values: Mapping[str, str], **page: Unpack[FindOptions]
    ) -> list[FoundRow]:
        """Rows with these values as JSON, after a natural key and in its order.

        Raises:
            Rejected: `unknown-dataset`; `data-refused`, a value is not of its column's type.
            BadRequest: `bad-cursor`, no row can have the key in `after`.
        """
        return self._rows(
            FoundRow, "find_rows", p_dataset=dataset, p_values=jsonb(dict(values)), **_page(page)
        )

    def find_row_lines(
        self,
        dataset: str,
        values: Mapping[str, str],
        *,
        escapes: bool,
        **page: Unpack[FindOptions],
    ) -> list[FoundRow]:
        """As `find_rows`, as lines of CSV; with `escapes` formulas are escaped."""
        return self._rows(
            FoundRow,
            "find_row_lines",
            p_dataset=dataset,
            p_values=jsonb(dict(values)),
            p_escapes=escapes,
            **_page(page),
        )

    def row_columns(self, dataset: str, *, masked: bool) -> list[TableColumn]:
        """The columns of these lines."""
        found = self._rows(_RowColumn, "row_columns", p_dataset=dataset, p_masked=masked)
        return [
            TableColumn(each.name, each.kind, each.type_precision, each.type_scale)
            for each in found
        ]

    def lease_generation(self, dataset: str) -> GenerationLease | None:
        """Lease the current generation; None while it is being changed, or changes often."""
        row = self._row(_Lease, "lease_generation", p_dataset=dataset)
        if row is None or row.generation is None or row.seconds is None:
            return None
        return GenerationLease(row.generation, row.seconds)
