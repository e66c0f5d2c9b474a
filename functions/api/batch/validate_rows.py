"""Judge the rows of a batch: by their shape, then by the very checks of a file's fields."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from functions.api.batch.row_model import Row, readers, row_model
from waybill.columns import codes
from waybill.columns.cells import check_cells
from waybill.contract.model import Contract
from waybill.http.exact_json import json_text
from waybill.records.header import find_column

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Reasons = list[dict[str, Any]]
JsonRow = dict[str, Any]


class Good(NamedTuple):
    """A row that passed: its place in the batch, and its fields as PostgreSQL reads them."""

    row: int
    fields: Row
    raw: str | None
    """Its JSON, where the database may still refuse it."""


class Refused(NamedTuple):
    """A row that did not: `errors` have column, code and message."""

    row: int
    raw: str
    values: Row
    errors: Reasons


class Judged(NamedTuple):
    """The rows of a batch, each in one of the two, by place."""

    good: list[Good]
    refused: list[Refused]


class Judge:
    """Judges rows of one dataset; made once for a contract, since making it takes a while."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._readers = readers(contract)
        self._model = row_model(contract)

    def judge(self, rows: Sequence[JsonRow]) -> Judged:
        """Split the rows into those that may be written and those that are refused, and why."""
        errors: dict[int, Reasons] = {}
        fields = [self._fields(place, row, errors) for place, row in enumerate(rows)]
        # A column that no row has is left to its default, as one that a file does not have.
        given = set().union(*fields)
        names = [c.name for c in self.contract.columns if c.required or c.name in given]
        checked = check_cells(self.contract, {n: [f.get(n) for f in fields] for n in names})
        for place, reasons in checked.errors.items():
            known = {each["column"] for each in errors.get(place, ())}
            more = [each for each in reasons if each["column"] not in known]
            errors.setdefault(place, []).extend(more)
        texts = [
            dict(zip(names, each, strict=True))
            for each in zip(*checked.texts.values(), strict=True)
        ]
        return Judged(
            [
                Good(n, texts[n], json_text(row) if self.contract.keeps_raw else None)
                for n, row in enumerate(rows)
                if n not in errors
            ],
            [Refused(n, _raw(rows[n]), fields[n], errors[n]) for n in sorted(errors)],
        )

    def _fields(self, place: int, row: JsonRow, errors: dict[int, Reasons]) -> Row:
        """The texts of a row's fields; what is wrong goes to `errors`, the rest is kept."""
        if self.contract.document is not None:
            row = {self.contract.document: row}
        elif row.keys() - self._readers.keys():
            row = self._renamed(row)
        try:
            return self._model.validate_python(row)
        except ValidationError as error:
            errors[place] = [_reason(each) for each in error.errors(include_url=False)]
        found: Row = {}
        for name in row.keys() & self._readers.keys():
            with suppress(PydanticCustomError):
                found[name] = self._readers[name](row[name])
        return found

    def _renamed(self, row: JsonRow) -> JsonRow:
        """The row with the columns' own names, where it has those of a header instead."""
        found = [find_column(name, self.contract) or _printable(name) for name in row]
        if len(set(found)) < len(found):
            # A column by two names: which of the two is meant is not guessed.
            found = [name if name in self._readers else _printable(name) for name in row]
        return dict(zip(found, row.values(), strict=True))


def _reason(error: "ErrorDetails") -> dict[str, Any]:
    column = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        message = "there is no such column"
        return {"column": column, "code": codes.UNKNOWN_FIELD, "message": message}
    return {"column": column, "code": error["type"], "message": error["msg"]}


def _printable(name: str) -> str:
    """A name that is no column's, as it can be shown and kept."""
    shown = name[:80].replace("\0", "\ufffd")
    return shown.encode(errors="replace").decode()


def _raw(row: JsonRow) -> str:
    # Halves of surrogate pairs are shown as they are escaped: nothing else can keep them.
    return json_text(row).encode(errors="backslashreplace").decode()
