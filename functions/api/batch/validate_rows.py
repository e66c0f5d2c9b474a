"""Validates the rows of a batch: their shape first, then with the checks of a file's fields."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from functions.api.batch.added_fields import AddedFields
from functions.api.batch.row_model import (
    Row,
    field_readers,
    plain_columns,
    plain_fields,
    row_model,
)
from waybill.columns import codes
from waybill.columns.cells import CellChecker
from waybill.contract.drift import Drift
from waybill.contract.model import Contract
from waybill.exact_json import format_json
from waybill.records.column_names import ColumnNames

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Errors = list[dict[str, Any]]
JsonRow = dict[str, Any]


class ValidRow(NamedTuple):
    """A valid row: its index in the batch, and its fields in PostgreSQL's own format."""

    row: int
    fields: Row
    raw: str | None
    """Its JSON, if the database may still reject it."""


class RejectedRow(NamedTuple):
    """An invalid row; `errors` contain column, code and message."""

    row: int
    raw: str
    values: Row
    errors: Errors


class Validated(NamedTuple):
    """The rows of a batch, by index, each in one of the two lists or filtered."""

    valid: list[ValidRow]
    rejected: list[RejectedRow]
    filtered: int = 0
    """Number of rows that the dataset's filter leaves out."""
    drift: Sequence[Drift] = ()
    """Fields of the rows that the table lacks."""


class RowValidator:
    """Validates rows of one dataset. Building it is slow, so it is reused for a contract."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._names = ColumnNames(contract)
        self._readers = field_readers(contract)
        self._model = row_model(contract)
        self._plain = plain_columns(contract)
        self._cells = CellChecker(contract)

    def validate(self, rows: Sequence[JsonRow]) -> Validated:
        """Split the rows into valid ones and invalid ones with their errors."""
        errors: dict[int, Errors] = {}
        added = AddedFields(self.contract, self._readers)
        fields = [self._fields(index, row, errors, added) for index, row in enumerate(rows)]
        drift = added.drift
        _name_nearest(errors, drift)
        # A column that no row has gets its default, like a column that a file lacks.
        present = set().union(*fields)
        names = [c.name for c in self.contract.columns if c.required or c.name in present]
        checked = self._cells.check(names, fields)
        for index, found in checked.errors.items():
            reported = {error["column"] for error in errors.get(index, ())}
            new = [error for error in found if error["column"] not in reported]
            errors.setdefault(index, []).extend(new)
        # A row keeps only the columns that it has: the others are not written.
        texts = [
            {name: checked.texts[name][index] for name in names if name in row}
            for index, row in enumerate(fields)
        ]
        # Where a value cannot be read at all, the row is an error and not filtered.
        filtered = checked.filtered - errors.keys()
        return Validated(
            [
                ValidRow(n, texts[n], format_json(row) if self.contract.keeps_raw else None)
                for n, row in enumerate(rows)
                if n not in errors and n not in filtered
            ],
            [RejectedRow(n, _raw(rows[n]), fields[n], errors[n]) for n in sorted(errors)],
            len(filtered),
            drift,
        )

    def _fields(
        self, index: int, row: JsonRow, errors: dict[int, Errors], added: AddedFields
    ) -> Row:
        """The texts of a row's fields. Errors go to `errors`; the other fields are kept."""
        if self.contract.document is not None:
            row = {self.contract.document: row}
        elif row.keys() - self._readers.keys():
            row = added.set_aside(self._with_column_names(row))
        plain = plain_fields(row, self._plain)
        if plain is not None:
            return plain
        try:
            return self._model.validate_python(row)
        except ValidationError as error:
            errors[index] = [_error(each) for each in error.errors(include_url=False)]
        fields: Row = {}
        for name in row.keys() & self._readers.keys():
            with suppress(PydanticCustomError):
                fields[name] = self._readers[name](row[name])
        return fields

    def _with_column_names(self, row: JsonRow) -> JsonRow:
        """The row with header names and aliases replaced by column names."""
        names = [self._names.find(name) or _printable(name) for name in row]
        if len(set(names)) < len(names):
            # A column under two names is an error; which one is meant is not guessed.
            names = [name if name in self._readers else _printable(name) for name in row]
        return dict(zip(names, row.values(), strict=True))


def _name_nearest(errors: dict[int, Errors], drift: Sequence[Drift]) -> None:
    """Add the nearest column to the errors about fields that are no columns."""
    nearest = {each.column: each.nearest for each in drift if each.nearest}
    for error in (error for found in errors.values() for error in found):
        if error["code"] == codes.UNKNOWN_FIELD and error["column"] in nearest:
            error["message"] += f" (nearest: {nearest[error['column']]})"


def _error(error: "ErrorDetails") -> dict[str, Any]:
    column = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        message = "there is no such column"
        return {"column": column, "code": codes.UNKNOWN_FIELD, "message": message}
    return {"column": column, "code": error["type"], "message": error["msg"]}


def _printable(name: str) -> str:
    """An unknown field name in a form that can be shown and stored."""
    shown = name[:80].replace("\0", "\ufffd")
    return shown.encode(errors="replace").decode()


def _raw(row: JsonRow) -> str:
    # Half surrogate pairs are stored as escapes, since they are not valid text.
    return format_json(row).encode(errors="backslashreplace").decode()
