"""Find the header of a CSV file, or prove that its first record is data."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Literal, NamedTuple, NoReturn

from waybill.contract.drift import Drift
from waybill.contract.model import Contract
from waybill.errors import FieldError, Rejected
from waybill.records.column_names import ColumnNames
from waybill.records.drift import SHOWN_NAME, added_columns, missing_columns
from waybill.records.head import HeadRecord
from waybill.records.layout import AddedField
from waybill.records.values import TEXT_KINDS, is_evidence, is_record

_PREAMBLE_RECORDS = 20
_COMMENTS = ("#", "//", "--", ";")
_SHOWN = 20
# More than any table has; each costs memory for every record.
_MOST_ADDED = 2000
_COMPARED_CELLS = 50


class HeaderSearch(NamedTuple):
    """What the first records of a file are."""

    kind: Literal["header", "data", "unknown"]
    at: int = 0
    """Index of the header; if unknown, of the record that is most like one."""
    score: int = 0
    """Number of cells that match a column; if data, of fields."""


def find_header(records: Sequence[HeadRecord], contract: Contract) -> HeaderSearch:
    """Find the record whose cells all match columns, unless the first record is data.

    The records before the header must be a title, comments or blank. A first record is data if
    it has a value that cannot be a name, has no column's name, and a record of the sample is
    valid in every field.
    """
    names = ColumnNames(contract)
    best = HeaderSearch("unknown", 0, 0)
    for at, record in enumerate(records[:_PREAMBLE_RECORDS]):
        known = sum(names.find(cell) is not None for cell in record.cells)
        if known == len(record.cells) or _is_drifted(record, contract, names):
            understood = all(_is_preamble(above, record) for above in records[:at])
            return HeaderSearch("header" if understood else "unknown", at * understood, known)
        if contract.header != "present" and _is_data(record, records[at + 1 :], contract, names):
            proven = at == 0 and any(is_record(each.cells, contract) for each in records)
            return HeaderSearch("data", 0, len(record.cells)) if proven else best
        score = known or sum(map(names.is_near, record.cells[:_COMPARED_CELLS]))
        if score > best.score:
            best = HeaderSearch("unknown", at, score)
    return best


def _is_drifted(record: HeadRecord, contract: Contract, names: ColumnNames) -> bool:
    """Whether the record is a header with other columns, where the contract allows for that.

    It is if it names every required column, and at least two columns, or the only one.
    """
    if contract.drift == "refuse" or not contract.file_columns:
        return False
    found = set(map(names.find, record.cells)) - {None}
    required = {column.name for column in contract.columns if column.required}
    return required <= found and len(found) >= min(2, len(contract.file_columns))


def _is_preamble(record: HeadRecord, header: HeadRecord) -> bool:
    """Whether the record has few fields, as a title has, or is a comment."""
    filled = sum(map(bool, record.cells))
    return 2 * filled <= len(header.cells) or record.cells[0].startswith(_COMMENTS)


def _is_data(
    record: HeadRecord, later: Sequence[HeadRecord], contract: Contract, names: ColumnNames
) -> bool:
    if any(map(names.is_same, record.cells)):
        return False
    pairs = list(zip(record.cells, contract.file_columns, strict=False))
    evident = [column.kind for cell, column in pairs if is_evidence(cell, column, contract)]
    if any(kind not in TEXT_KINDS for kind in evident):
        return True
    # Text columns take anything: their evidence is weaker.
    clear = bool(evident) or _recurs(record, later)
    return clear and not any(map(names.is_near, record.cells[:_COMPARED_CELLS]))


def _recurs(record: HeadRecord, later: Sequence[HeadRecord]) -> bool:
    """Whether a field has the same value in a later, different record; a name would not."""
    return any(
        cell and cell == other
        for each in later
        if each.cells != record.cells and len(each.cells) == len(record.cells)
        for cell, other in zip(record.cells, each.cells, strict=True)
    )


class MatchedHeader(NamedTuple):
    """What the cells of a header stand for."""

    columns: tuple[str, ...]
    """The columns, in order, without the added ones."""
    added: tuple[AddedField, ...] = ()
    drift: tuple[Drift, ...] = ()


def match_header(cells: Sequence[str], contract: Contract) -> MatchedHeader:
    """The columns of the header cells, in order.

    Raises:
        Rejected: `unknown-columns`, `duplicate-columns` or `missing-columns`, with their names.
    """
    names = ColumnNames(contract)
    found = [names.find(cell) for cell in cells]
    columns = tuple(column for column in found if column is not None)
    added = tuple(
        AddedField(position=at, name=cells[at].strip() or f"column {at + 1}")
        for at, column in enumerate(found)
        if column is None
    )
    if not columns or (added and contract.drift == "refuse"):
        refuse_header(cells, contract, "The header does not match.")
    repeated = [name for name, times in Counter(columns).items() if times > 1]
    if repeated:
        raise _refusal("duplicate-columns", "The header names these columns twice", repeated)
    _check_added(columns, added, contract)
    missing = [c.name for c in contract.columns if c.required and c.name not in columns]
    if missing:
        raise _missing(missing, added, names)
    drift = added_columns([(field.name, None) for field in added], contract)
    return MatchedHeader(columns, added, (*drift, *missing_columns(columns, contract)))


def _check_added(columns: Sequence[str], added: Sequence[AddedField], contract: Contract) -> None:
    """Refuse too many added columns, and those that cannot be told apart where they are kept."""
    if len(added) > _MOST_ADDED:
        detail = f"The header has {len(added)} columns that {contract.name} does not have."
        raise Rejected("unknown-columns", f"{detail} At most {_MOST_ADDED} are left out.")
    if contract.drift != "rescue" or not added:
        return
    repeated = [name for name, times in Counter(each.name for each in added).items() if times > 1]
    if repeated:
        raise _refusal("duplicate-columns", "The header names these columns twice", repeated)
    if contract.rescued in columns:
        text = f"The header names {contract.rescued} and columns that would be kept in it"
        raise _refusal("duplicate-columns", text, [each.name for each in added])


def _missing(missing: Sequence[str], added: Sequence[AddedField], names: ColumnNames) -> Rejected:
    """Required columns are missing; the cells that may be meant are named."""
    near = [field.name for field in added if names.nearest(field.name) in missing]
    hint = f" (perhaps {', '.join(repr(name[:SHOWN_NAME]) for name in near[:_SHOWN])})"
    text = f"The header lacks required columns{hint if near else ''}"
    return _refusal("missing-columns", text, list(missing))


def document_fields(records: Sequence[HeadRecord], *, whole: bool) -> tuple[str, ...]:
    """The field names of documents, from the required header.

    Raises:
        Rejected: `missing-header`, `duplicate-columns`, or `empty-file`: there is only a header.
    """
    cells = records[0].cells if records else ()
    if not cells or not all(cells):
        detail = "Documents take their field names from the header; every column needs a name."
        raise Rejected("missing-header", detail)
    repeated = [name for name, times in Counter(cells).items() if times > 1]
    if repeated:
        raise _refusal("duplicate-columns", "The header has duplicate names", repeated)
    if len(records) == 1 and whole:
        raise Rejected("empty-file", "The file contains no records, or no header.")
    same = sum(len(record.cells) == len(cells) for record in records[1:])
    if 2 * same < len(records) - 1:
        detail = (
            f"The first line has {len(cells)} fields, but most records have a different number: "
            f"it is not a header. The first line must have the field names."
        )
        raise Rejected("missing-header", detail)
    return cells


def refuse_header(cells: Sequence[str], contract: Contract, why: str) -> NoReturn:
    """Refuse a header, naming each cell that matches nothing and the nearest column.

    Raises:
        Rejected: `unknown-columns`.
    """
    names = ColumnNames(contract)
    unknown = [(at, cell) for at, cell in enumerate(cells, 1) if names.find(cell) is None]
    shown, errors = [], []
    for at, cell in islice(unknown, _SHOWN):
        nearest = names.nearest(cell)
        hint = f" (nearest: {nearest})" if nearest else ""
        # Of a file without a header, the cells are values of its first record.
        text = f"column {at}" if contract.personal else cell[:80]
        name = _shown_name(text, at, contract)
        shown.append(f"{name}{hint}")
        message = f"{name} is not a column or alias of {contract.name}{hint}"
        errors.append(
            FieldError(pointer=text or f"column {at}", code="unknown-columns", message=message)
        )
    known = ", ".join(
        f"{column.name}{_aliases(column.name, contract)}"
        for column in islice(contract.file_columns, 2 * _SHOWN)
    )
    detail = (
        f"{why} No column of {contract.name} matches {', '.join(shown) or 'an empty line'}. "
        f"The columns are {known}."
    )
    raise Rejected("unknown-columns", detail, errors)


def _aliases(column: str, contract: Contract) -> str:
    """The aliases of a column in parentheses; empty without any."""
    names = [alias for alias, name in contract.aliases.items() if name == column]
    return f" (or {', '.join(names[:_SHOWN])})" if names else ""


def _shown_name(text: str, at: int, contract: Contract) -> str:
    if contract.personal:
        return text
    return repr(text) if text else f"the empty name of column {at}"


def _refusal(code: str, text: str, names: list[str]) -> Rejected:
    shown = ", ".join(repr(name[:80]) for name in names[:_SHOWN])
    errors = [FieldError(pointer=name[:80], code=code, message=text) for name in names[:_SHOWN]]
    return Rejected(code, f"{text}: {shown}.", errors)
