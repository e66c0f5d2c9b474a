"""Suggests formats for the dates and times which a column's format refuses.

A suggestion is part of the message of a reject. It is never applied: `1/2/2024` may be in January
or in February, so both formats are named.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from waybill.columns import codes
from waybill.columns.check_result import Array, CheckResult, Mask, Violation
from waybill.columns.date_templates import WIDE, WIDTHS, fill, templates
from waybill.columns.formats import ColumnFormat, compile_pattern
from waybill.columns.temporal import parse_times
from waybill.contract.model import Column
from waybill.errors import Rejected

_SAMPLE, _MAX_TEMPLATES = 256, 16


class _Suggestion(NamedTuple):
    """A pattern, and the values of the column that it reads."""

    pattern: str
    reads: Mask


def with_suggestions(
    column: Column, strings: Array, result: CheckResult, column_format: ColumnFormat
) -> CheckResult:
    """The result, whose violations name the formats that would read their values.

    Of several patterns those are named that read most values of the column, valid ones included.
    """
    reader = _Reader(column, strings, column_format)
    found: list[Violation] = []
    for violation in result.violations:
        if violation.code in (codes.INVALID_DATE, codes.INVALID_TIMESTAMP):
            found += reader.divided(violation)
        elif violation.code == codes.TIMESTAMP_WITHOUT_ZONE:
            found.append(violation._replace(advice="declare the zone"))
        else:
            found.append(violation)
    return result._replace(violations=tuple(found))


class _Reader:
    """Tries patterns on the values of a column."""

    def __init__(self, column: Column, strings: Array, column_format: ColumnFormat) -> None:
        self._column = column
        self._strings = strings
        self._format = column_format

    def divided(self, violation: Violation) -> list[Violation]:
        """The violation, divided by the patterns that read its values."""
        suggestions = self._suggestions(violation.rows)
        if not suggestions:
            return [violation]
        reads = np.array([suggestion.reads for suggestion in suggestions])
        totals = reads.sum(axis=1)[:, np.newaxis]
        best = reads & (totals == (reads * totals).max(axis=0))
        rows = np.flatnonzero(violation.rows)
        combinations, numbers = np.unique(best[:, rows], axis=1, return_inverse=True)
        parts: list[Violation] = []
        for number, chosen in enumerate(combinations.T):
            mask = np.zeros_like(violation.rows)
            mask[rows[numbers.ravel() == number]] = True
            patterns = [suggestions[index].pattern for index in np.flatnonzero(chosen)]
            parts.append(violation._replace(rows=mask, advice=self._advice(patterns)))
        return parts

    def _advice(self, patterns: list[str]) -> str:
        if not patterns:
            return ""
        needs_zone = self._column.kind == "timestamptz" and self._format.zone is None
        zone = " and the zone" if needs_zone and "TZH" not in patterns[0] else ""
        return f"declare the format {' or '.join(patterns)}{zone}"

    def _suggestions(self, invalid: Mask) -> list[_Suggestion]:
        refused = self._strings.take(pa.array(np.flatnonzero(invalid)))
        sample = refused.slice(0, _SAMPLE).unique().to_pylist()
        candidates = list(dict.fromkeys(each for text in sample for each in templates(text)))
        return [
            self._narrowest(template)
            for template in candidates[:_MAX_TEMPLATES]
            if self._reads(refused, fill(template, WIDE)).any()
        ]

    def _narrowest(self, template: str) -> _Suggestion:
        """The pattern with most parts of fixed width that reads as many values as any."""
        wide = self._reads(self._strings, fill(template, WIDE))
        for width in WIDTHS:
            pattern = fill(template, width)
            if (self._reads(self._strings, pattern) == wide).all():
                return _Suggestion(pattern, wide)
        return _Suggestion(fill(template, WIDE), wide)

    def _reads(self, strings: Array, pattern: str) -> Mask:
        """Which values the pattern reads; none if the column cannot have it."""
        reads = np.zeros(len(strings), bool)
        try:
            compiled = compile_pattern(self._column, pattern)
        except Rejected:
            return reads
        reads[parse_times(strings, compiled, self._format.pivot).rows] = True
        return reads
