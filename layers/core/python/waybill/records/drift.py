"""How a file differs from the table: columns added, missing or of another type."""

from collections.abc import Iterable, Sequence
from itertools import islice

from waybill.contract.drift import Drift, DriftAction
from waybill.contract.model import Contract, DriftPolicy
from waybill.records.column_names import ColumnNames

_ACTIONS: dict[DriftPolicy, DriftAction] = {
    "refuse": "rejected",
    "ignore": "ignored",
    "rescue": "rescued",
}
MOST_REPORTED = 100
"""Added columns that are reported; to find the nearest name takes time."""
SHOWN_NAME = 80
"""Characters of a name that are reported."""


def added_columns(names: Iterable[tuple[str, int | None]], contract: Contract) -> list[Drift]:
    """The first columns that the table lacks, with the number of their records if known."""
    known = ColumnNames(contract)
    return [
        Drift(
            column=name[:SHOWN_NAME],
            change="added",
            nearest=known.nearest(name),
            action=_ACTIONS[contract.drift],
            records=records,
        )
        for name, records in islice(names, MOST_REPORTED)
    ]


def missing_columns(present: Sequence[str], contract: Contract) -> list[Drift]:
    """Columns without a default that the file lacks."""
    return [
        Drift(column=column.name, change="missing")
        for column in contract.file_columns
        if column.name not in present and not column.has_default
    ]
