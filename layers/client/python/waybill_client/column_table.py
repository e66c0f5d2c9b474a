"""The columns of a load as a table, beside those of the load before it."""

from rich.console import Group

from waybill_client.models import ColumnStatistics, ComparedColumn, ComparedColumns
from waybill_client.tables import cell_text, empty_table, titled

_MAX_TEXT = 30


def compared_columns(found: ComparedColumns) -> Group:
    """One line per column: nulls, distinct values and extremes, and how they were before."""
    rows = empty_table(("column",), ("nulls", "distinct", "min", "max"))
    for item in found["items"]:
        rows.add_row(cell_text(item["column"]), *map(cell_text, _cells(item)))
    compared = found["compared_with"]
    before = f"In parentheses: the load before, {compared}. " if compared else ""
    return titled("Columns", rows, f"{before}≈ is an estimate.")


def _cells(item: ComparedColumn) -> list[str]:
    now, before = item["current"], item["previous"]
    if now is None:
        return ["not in this file", "", "", ""]
    cells = []
    for show in (_nulls, _distinct, _lowest, _highest):
        shown, was = show(now), show(before) if before else None
        cells.append(f"{shown} ({was})" if was not in {None, shown} else shown)
    return cells


def _nulls(one: ColumnStatistics) -> str:
    share = one["nulls"] / one["records"] if one["records"] else 0
    return f"{one['nulls']:,} {share:.1%}" if one["nulls"] else "0"


def _distinct(one: ColumnStatistics) -> str:
    return f"{'' if one['distinct_is_exact'] else '≈'}{one['distinct']:,}"


def _lowest(one: ColumnStatistics) -> str:
    return _short(one["min"])


def _highest(one: ColumnStatistics) -> str:
    return _short(one["max"])


def _short(value: str | None) -> str:
    if value is None:
        return ""
    return value if len(value) <= _MAX_TEXT else value[: _MAX_TEXT - 1] + "…"
