"""The columns of a load as a table, beside those of the load before it."""

from rich.console import Group
from rich.text import Text

from waybill_client.models import ColumnStatistics, ComparedColumn, ComparedColumns
from waybill_client.tables import cell_text, empty_table, titled

_MAX_TEXT = 30


def compared_columns(found: ComparedColumns) -> Group:
    """One line per column: nulls, distinct values and extremes, and how they were before."""
    rows = empty_table(("column",), ("nulls", "distinct", "min", "max"))
    for item in found["items"]:
        rows.add_row(cell_text(item["column"]), *_cells(item))
    compared = found["compared_with"]
    before = f"In parentheses: the load before, {compared}. " if compared else ""
    return titled("Columns", rows, f"{before}≈ is an estimate.")


def _cells(item: ComparedColumn) -> list[Text]:
    now, before = item["current"], item["previous"]
    if now is None:
        return [cell_text("not in this file")]
    return [_cell(show(now), show(before) if before else "") for show in _SHOWN]


def _cell(now: str, before: str) -> Text:
    cell = cell_text(now)
    if before and before != now:
        # On a line of its own, so that columns stay narrow.
        cell.append("\n").append(cell_text(f"({before})").plain, style="dim")
    return cell


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


_SHOWN = (_nulls, _distinct, _lowest, _highest)
