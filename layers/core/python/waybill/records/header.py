"""Names in a header, and what else the cells of a first record may be."""

import re
from collections import Counter

from waybill.contract.model import Column, Contract
from waybill.errors import FieldError, Rejected

_NAME = re.compile(r"[^\W\d][\w .-]*")
# What of a name-like cell a non-text column would take: everything else begins with a digit,
# a sign or a point.
_WORDS = {
    "bool": re.compile(r"true|false|t|f", re.IGNORECASE),
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE),
}
_NEVER_WORDS = frozenset(
    ["int2", "int4", "int8", "numeric", "float4", "float8", "date", "timestamp", "timestamptz"]
)


def column_of(cell: str, contract: Contract) -> str | None:
    """The column that a header's cell stands for, by its name or an alias, whatever the case."""
    folded = cell.strip().lower()
    for column in contract.columns:
        if column.name.lower() == folded:
            return column.name
    return contract.aliases.get(folded)


def is_name(cell: str) -> bool:
    """Whether the cell could be a column's name rather than a value."""
    return _NAME.fullmatch(cell) is not None


def refuses_names(cells: list[str], contract: Contract) -> bool:
    """Whether no record could look like these name-like cells, so that they must be a header.

    So it is when a non-text column would refuse its cell and no required one would take it.
    """
    pairs = list(zip(contract.columns, cells, strict=False))
    typed = [(column, _takes(column, cell)) for column, cell in pairs if _is_typed(column)]
    return any(not taken for _, taken in typed) and not any(
        taken for column, taken in typed if column.required
    )


def is_header(cells: list[str] | None, contract: Contract) -> bool:
    """Whether the cells of a first record are a header, be it one with wrong names."""
    if contract.header != "auto":
        return contract.header == "present"
    if not cells:
        return False
    known = [column_of(cell, contract) is not None for cell in cells]
    if all(known):
        return True
    if not all(is_name(cell) for cell in cells):
        return False
    return any(known) or refuses_names(cells, contract)


def document_fields(cells: list[str] | None) -> tuple[str, ...]:
    """The names of a document's fields, from the header that it needs.

    Raises:
        Rejected: `missing-header`: there is none; `duplicate-columns`.
    """
    if not cells or not all(cells):
        detail = "Records become documents under the names of a header; each needs one."
        raise Rejected("missing-header", detail)
    twice = [name for name, times in Counter(cells).items() if times > 1]
    if twice:
        raise _refusal("duplicate-columns", "The header names fields twice", twice)
    return tuple(cells)


def _is_typed(column: Column) -> bool:
    return column.kind in _NEVER_WORDS or column.kind in _WORDS


def _takes(column: Column, cell: str) -> bool:
    words = _WORDS.get(column.kind)
    return words is not None and words.fullmatch(cell) is not None


def named_columns(cells: list[str] | None, contract: Contract) -> tuple[str, ...]:
    """The columns that a header names, in its order.

    Raises:
        Rejected: `unknown-columns`, `duplicate-columns` or `missing-columns`, naming them.
    """
    found = {cell: column_of(cell, contract) for cell in cells or ()}
    known = ", ".join(column.name for column in contract.columns)
    unknown = [cell for cell, column in found.items() if column is None]
    if unknown or not cells:
        raise _refusal("unknown-columns", f"The columns of {contract.name} are {known}", unknown)
    columns = tuple(str(found[cell]) for cell in cells)
    twice = [name for name, times in Counter(columns).items() if times > 1]
    if twice:
        raise _refusal("duplicate-columns", "The header names columns twice", twice)
    missing = [c.name for c in contract.columns if c.required and c.name not in columns]
    if missing:
        raise _refusal("missing-columns", "The header lacks required columns", missing)
    return columns


def _refusal(code: str, text: str, names: list[str]) -> Rejected:
    shown = ", ".join(repr(name[:80]) for name in names[:20]) or "no name at all"
    field_errors = [FieldError(pointer=name[:80], code=code, message=text) for name in names[:20]]
    return Rejected(code, f"{text}: {shown}.", field_errors)
