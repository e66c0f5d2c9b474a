"""Decide by its text whether a field may be a value of its column; exact checks come later."""

import re
from collections.abc import Sequence

from waybill.contract.model import Column, Contract, Format

_INTEGERS = frozenset(["int2", "int4", "int8"])
_NUMBERS = frozenset(["numeric", "float4", "float8", "money"])
_TIMES = frozenset(["date", "timestamp", "timestamptz", "time", "timetz", "interval"])
TEXT_KINDS = frozenset(["text", "varchar", "bpchar", "name", "citext"])
_BOOL_WORDS = frozenset(["true", "false", "t", "f", "yes", "no", "y", "n", "on", "off", "1", "0"])
# Words of one letter may be column names.
_CLEAR_BOOL_WORDS = frozenset(["true", "false", "yes", "no", "1", "0"])
_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[(+\-$€£\s]*[\d][\d.,'_eE+\-)\s%$€£\u00a0\u2019]*|[.,]\d+")
_TIME = re.compile(r".*\d\D+\d.*|.*\d{6,}.*|P.*\d.*", re.DOTALL)
_UUID = re.compile(r"\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE)
_PATTERNS = {
    **dict.fromkeys(_INTEGERS, _INTEGER),
    **dict.fromkeys(_TIMES, _TIME),
    "uuid": _UUID,
}
_YEAR = re.compile(r"(19|20)\d\d")
_EMAIL_OR_URL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|\w+://\S+")
_CODE = re.compile(r"\S*\d{3,}\S*")
_LONG_TEXT = 80


def is_plausible(cell: str, column: Column, contract: Contract) -> bool:
    """Whether the field may be a valid value of the column."""
    if _is_null(cell, column, contract):
        return not column.required
    if column.kind in TEXT_KINDS:
        return column.max_length is None or len(cell) <= column.max_length
    return _fits_kind(cell, column, contract)


def is_record(cells: Sequence[str], contract: Contract) -> bool:
    """Whether the cells, in table order, may be a valid record."""
    return len(cells) == len(contract.file_columns) and all(
        is_plausible(cell, column, contract)
        for cell, column in zip(cells, contract.file_columns, strict=True)
    )


def is_evidence(cell: str, column: Column, contract: Contract) -> bool:
    """Whether the field is a value of the column that cannot be a column name."""
    if _is_null(cell, column, contract):
        return False
    if column.kind in TEXT_KINDS:
        return is_clear_text(cell)
    if column.kind == "bool":
        return cell.lower() in _CLEAR_BOOL_WORDS | _bool_words(_format(column, contract))
    if column.kind == "uuid":
        return _UUID.fullmatch(cell) is not None
    return any(char.isdigit() for char in cell) and _fits_kind(cell, column, contract)


def _is_null(cell: str, column: Column, contract: Contract) -> bool:
    words = (*contract.null_words, *contract.transformation.null_words_of(column.name))
    return not cell or cell in words


def _fits_kind(cell: str, column: Column, contract: Contract) -> bool:
    form = _format(column, contract)
    if column.kind == "bool":
        return cell.lower() in _BOOL_WORDS | _bool_words(form)
    if column.kind in _INTEGERS | _NUMBERS | _TIMES and form != Format():
        # The declared format is checked exactly when the file is loaded.
        return any(char.isdigit() for char in cell)
    if column.kind in _NUMBERS:
        return _is_number(cell)
    # Other types are checked by the database.
    return column.kind not in _PATTERNS or _PATTERNS[column.kind].fullmatch(cell) is not None


def _format(column: Column, contract: Contract) -> Format:
    return contract.formats.get(column.name) or contract.formats.get("*") or Format()


def _bool_words(form: Format) -> frozenset[str]:
    return frozenset(word.lower() for word in (*form.true_words, *form.false_words))


def _is_number(cell: str) -> bool:
    if cell.strip("+-").lower() in ("nan", "infinity", "inf"):
        return True
    # A decimal comma must be declared.
    return "," not in cell and _NUMBER.fullmatch(cell) is not None


def is_clear_text(cell: str) -> bool:
    """Whether a text is a number, date, code, e-mail, URL or too long for a name."""
    if _YEAR.fullmatch(cell):
        return False
    return (
        len(cell) > _LONG_TEXT
        or "\n" in cell
        or _NUMBER.fullmatch(cell) is not None
        or _EMAIL_OR_URL.fullmatch(cell) is not None
        or _CODE.fullmatch(cell) is not None
        or re.match(r"\d+[-./]\d+[-./]\d+", cell) is not None
    )
