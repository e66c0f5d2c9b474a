"""Checks rows that arrive as values rather than as bytes, with the checks of files."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns.check import check_column
from waybill.columns.check_result import Array
from waybill.columns.formats import column_formats
from waybill.columns.json_text import concat
from waybill.columns.rejects import violation_errors
from waybill.columns.transform import Rules
from waybill.columns.usual_cells import FEW, usual_texts
from waybill.contract.model import Contract


class CheckedCells(NamedTuple):
    """Checked columns of text."""

    texts: dict[str, list[str | None]]
    """In PostgreSQL's own format, whatever formats the contract declares; null if invalid."""
    errors: dict[int, list[dict[str, Any]]]
    """By row that is not filtered: column, code and message of each violation."""
    filtered: frozenset[int] = frozenset()
    """Rows that the contract's filter leaves out."""


class CellChecker:
    """Applies the rules of a contract to rows of text, and checks them."""

    def __init__(self, contract: Contract) -> None:
        """Raises `Rejected` (`contract-broken`) if a format does not fit its column."""
        self._contract = contract
        self._formats = column_formats(contract)
        self._rules = Rules(contract)

    def check(self, names: Sequence[str], rows: Sequence[Mapping[str, str | None]]) -> CheckedCells:
        """Check the columns `names` of the rows.

        Args:
            names: the columns.
            rows: texts by column name; None is null. A column that a row lacks is left to its
                default. No text contains NUL.
        """
        texts = self._usual(names, rows)
        given = {
            name: self._rules.apply(name, pa.array([row.get(name) for row in rows], pa.string()))
            for name in names
            if name not in texts
        }
        kept = self._rules.kept(given, len(rows))
        errors: dict[int, list[dict[str, Any]]] = {}
        for name, strings in given.items():
            column = self._contract.column(name)
            absent = None if column.required else np.array([name not in row for row in rows], bool)
            result = check_column(column, strings, self._formats.get(name), absent)
            texts[name] = postgres_text(result.values).to_pylist()
            for violation in result.violations:
                found = np.flatnonzero(violation.rows & kept)
                invalid = strings.take(pa.array(found))
                documents = violation_errors(name, violation, invalid, found).to_pylist()
                for row, document in zip(found.tolist(), documents, strict=True):
                    errors.setdefault(row, []).append(json.loads(document))
        return CheckedCells(texts, errors, frozenset(np.flatnonzero(~kept).tolist()))

    def _usual(
        self, names: Sequence[str], rows: Sequence[Mapping[str, str | None]]
    ) -> dict[str, list[str | None]]:
        """The columns of few rows that need neither rules nor Arrow."""
        found: dict[str, list[str | None]] = {}
        if len(rows) > FEW or self._rules.filters:
            return found
        for name in names:
            if name not in self._formats and not self._rules.changes(name):
                texts = [row.get(name) for row in rows]
                usual = usual_texts(self._contract.column(name), texts)
                if usual is not None:
                    found[name] = usual
        return found


def postgres_text(values: Array) -> Array:
    """Checked values as PostgreSQL writes them."""
    kind = values.type
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        return pc.cast(values, pa.string())
    # Cast without the zone: Arrow would otherwise look UTC up in a time zone database.
    return concat(pc.cast(values.view(pa.timestamp("us")), pa.string()), "Z")
