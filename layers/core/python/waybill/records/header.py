"""Match the header of a file against the columns of a contract."""

import re
from collections import Counter

from waybill.contract.model import Column, Contract
from waybill.errors import FieldError, Rejected

_NAME = re.compile(r"[^\W\d][\w .-]*")
# Name-like values that a non-text column accepts; its other values begin with a digit, a sign
# or a point.
_WORDS = {
    "bool": re.compile(r"true|false|t|f", re.IGNORECASE),
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE),
}
_NEVER_WORDS = frozenset(
    ["int2", "int4", "int8", "numeric", "float4", "float8", "date", "timestamp", "timestamptz"]
)


def find_column(cell: str, contract: Contract) -> str | None:
    """The column whose name or alias matches the header cell, ignoring case."""
    folded = cell.strip().lower()
    for column in contract.columns:
        if column.name.lower() == folded:
            return column.name
    return contract.aliases.get(folded)


def is_name(cell: str) -> bool:
    """Whether the cell looks like a column name rather than a value."""
    return _NAME.fullmatch(cell) is not None


def refuses_names(cells: list[str], contract: Contract) -> bool:
    """Whether the name-like cells cannot be a valid record and so must be a header.

    True if a non-text column rejects its cell and no required one accepts its cell.
    """
    pairs = list(zip(contract.columns, cells, strict=False))
    typed = [(column, _takes(column, cell)) for column, cell in pairs if _is_typed(column)]
    return any(not taken for _, taken in typed) and not any(
        taken for column, taken in typed if column.required
    )


def is_header(cells: list[str] | None, contract: Contract) -> bool:
    """Whether the first record is a header, possibly one with wrong names."""
    if contract.header != "auto":
        return contract.header == "present"
    if not cells:
        return False
    known = [find_column(cell, contract) is not None for cell in cells]
    if all(known):
        return True
    if not all(is_name(cell) for cell in cells):
        return False
    return any(known) or refuses_names(cells, contract)


def document_fields(cells: list[str] | None) -> tuple[str, ...]:
    """The field names of documents, from the required header.

    Raises:
        Rejected: `missing-header` or `duplicate-columns`.
    """
    if not cells or not all(cells):
        detail = "Documents take their field names from the header; every column needs a name."
        raise Rejected("missing-header", detail)
    twice = [name for name, times in Counter(cells).items() if times > 1]
    if twice:
        raise _refusal("duplicate-columns", "The header has duplicate names", twice)
    return tuple(cells)


def _is_typed(column: Column) -> bool:
    return column.kind in _NEVER_WORDS or column.kind in _WORDS


def _takes(column: Column, cell: str) -> bool:
    words = _WORDS.get(column.kind)
    return words is not None and words.fullmatch(cell) is not None


def match_header(cells: list[str] | None, contract: Contract) -> tuple[str, ...]:
    """The columns of the header cells, in order.

    Raises:
        Rejected: `unknown-columns`, `duplicate-columns` or `missing-columns`, with their names.
    """
    found = {cell: find_column(cell, contract) for cell in cells or ()}
    known = ", ".join(column.name for column in contract.columns)
    unknown = [cell for cell, column in found.items() if column is None]
    if unknown or not cells:
        raise _refusal("unknown-columns", f"The columns of {contract.name} are {known}", unknown)
    columns = tuple(str(found[cell]) for cell in cells)
    twice = [name for name, times in Counter(columns).items() if times > 1]
    if twice:
        raise _refusal("duplicate-columns", "The header names these columns more than once", twice)
    missing = [c.name for c in contract.columns if c.required and c.name not in columns]
    if missing:
        raise _refusal("missing-columns", "The header lacks required columns", missing)
    return columns


def _refusal(code: str, text: str, names: list[str]) -> Rejected:
    shown = ", ".join(repr(name[:80]) for name in names[:20]) or "none"
    field_errors = [FieldError(pointer=name[:80], code=code, message=text) for name in names[:20]]
    return Rejected(code, f"{text}: {shown}.", field_errors)
