"""Choose the delimiter: the client's, the contract's, or the only one that fits the head."""

from collections.abc import Sequence
from typing import NamedTuple

from waybill.contract.model import Contract
from waybill.errors import BadRequest, Rejected
from waybill.records.head import Head, HeadRecord, first_cells
from waybill.records.header import HeaderSearch, find_header
from waybill.records.marks import Marks, check_delimiter, check_marks
from waybill.records.values import is_plausible, is_record

_CANDIDATES = ",;\t|"
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


class Dialect(NamedTuple):
    """Marks, the first records split with them, and what they are."""

    marks: Marks
    records: tuple[HeadRecord, ...]
    search: HeaderSearch
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the delimiter."""
        return _NAMES[self.marks.delimiter]

    @property
    def splits(self) -> bool:
        """Whether any record has several fields."""
        return any(len(record.cells) > 1 for record in self.records)


def sniff_dialect(text: Head, contract: Contract, declared: str | None) -> Dialect:
    """Split the head with the declared delimiter, or with the only one that fits.

    A delimiter fits if it gives a header, or else records with the fields of the contract. If
    none fits, it is a comma, or a semicolon where commas quote or escape.

    Raises:
        BadRequest: `bad-delimiter`.
        Rejected: `ambiguous-delimiter`, several fit.
    """
    if declared:
        return _split(text, contract, _checked(declared, contract))
    marks = [mark for mark in _CANDIDATES if mark not in (contract.quote, contract.escape)]
    candidates = [_split(text, contract, _marks(mark, contract)) for mark in marks]
    headers = [each for each in candidates if each.search.kind == "header"]
    if headers:
        return max(headers, key=lambda each: each.search.score)
    fitting = [each for each in candidates if _fits(each, contract)]
    if fitting and not any(each.splits for each in fitting):
        return fitting[0]
    if len(fitting) > 1:
        typed = [each for each in fitting if _most(each, contract)]
        fitting = typed if len(typed) == 1 else fitting
    if len(fitting) > 1:
        raise _ambiguous(fitting)
    if fitting:
        return fitting[0]
    # For the error message: the one that is most like a header.
    best = max(candidates, key=lambda each: (each.search.score, each.splits))
    if contract.header != "absent" and not contract.document:
        return best
    if contract.header == "absent" and not text.whole and not best.records:
        candidates = [_by_first_cells(text, contract, candidates)]
    warning = f"No delimiter fits the first records: read with {candidates[0].name}s."
    return candidates[0]._replace(
        warnings=(*candidates[0].warnings, *((warning,) if best.splits else ()))
    )


def _by_first_cells(text: Head, contract: Contract, candidates: list[Dialect]) -> Dialect:
    """Of a first record that is longer than the head: the only one whose first fields are valid."""
    fitting = []
    for each in candidates:
        cells = first_cells(text, each.marks)
        pairs = list(zip(cells, contract.file_columns[:-1], strict=False))
        if cells and len(pairs) == len(cells) and all(is_plausible(*p, contract) for p in pairs):
            fitting.append(each)
    if len(fitting) == 1:
        return fitting[0]
    found = f"read with {candidates[0].name}s. Declare the delimiter if it is another."
    warning = f"The first record is longer than 1 MiB: {found}"
    return candidates[0]._replace(warnings=(warning,))


def _checked(delimiter: str, contract: Contract) -> Marks:
    try:
        return check_marks(_marks(check_delimiter(delimiter), contract))
    except ValueError as error:
        raise BadRequest("bad-delimiter", f"{error}.") from error


def _marks(delimiter: str, contract: Contract) -> Marks:
    return Marks(delimiter, contract.quote, contract.escape, contract.escape_codes)


def _split(text: Head, contract: Contract, marks: Marks) -> Dialect:
    records = tuple(each for each in text.records(marks) if not each.is_blank)
    has_names = contract.header != "absent" and not contract.document
    search = find_header(records, contract) if has_names else HeaderSearch("unknown")
    return Dialect(marks, records, search)


def _fits(dialect: Dialect, contract: Contract) -> bool:
    if contract.document:
        return _is_table(dialect.records)
    if contract.header != "absent":
        return dialect.search.kind == "data"
    width = len(contract.file_columns)
    same = sum(len(each.cells) == width and each.is_well_formed for each in dialect.records)
    return 2 * same > len(dialect.records)


def _most(dialect: Dialect, contract: Contract) -> bool:
    """Whether most records are valid in every field."""
    valid = sum(is_record(each.cells, contract) for each in dialect.records)
    return not contract.document and 2 * valid > len(dialect.records)


def _is_table(records: Sequence[HeadRecord]) -> bool:
    """Whether the first record has several distinct names, and most records as many fields."""
    if not records or not records[0].is_well_formed:
        return False
    names = records[0].cells
    if len(names) < 2 or len(set(names)) < len(names) or not all(names):
        return False
    return 2 * sum(len(each.cells) == len(names) for each in records) > len(records)


def _ambiguous(fitting: list[Dialect]) -> Rejected:
    names = " and ".join(each.name for each in fitting)
    split = "; ".join(
        f"{each.name}: {', '.join(repr(cell[:40]) for cell in each.records[0].cells)}"
        for each in fitting
    )
    detail = (
        f"The delimiter is ambiguous: {names} both fit the first records ({split}). "
        f"Declare the delimiter in the upload or for the dataset."
    )
    return Rejected("ambiguous-delimiter", detail)
