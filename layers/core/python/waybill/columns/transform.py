"""Applies the rules of a contract to columns of text, before they are checked."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns.check_result import Array, Mask, null_where, to_mask
from waybill.columns.formats import EVERY_COLUMN
from waybill.columns.json_values import JSON_KINDS
from waybill.columns.parse import TEXT_KINDS
from waybill.contract.model import Column, Condition, Contract


class Rules:
    """The rules of a contract, by column."""

    def __init__(self, contract: Contract) -> None:
        self._columns = {column.name: column for column in contract.columns}
        rules = contract.transformation
        self._trimmed = self._named(rules.trim, self._is_no_json)
        self._lower = self._named(rules.lower, self._is_text)
        self._upper = self._named(rules.upper, self._is_text)
        self._cased = self._lower | self._upper
        self._null_words = {
            name: contract.transformation.null_words_of(name, is_json=not self._is_no_json(column))
            for name, column in self._columns.items()
        }
        self._conditions = rules.filter

    @property
    def filters(self) -> bool:
        """Whether records may be left out."""
        return bool(self._conditions)

    def changes(self, name: str) -> bool:
        """Whether `apply` may change a text of the column."""
        return name in self._trimmed or name in self._cased or bool(self._null_words[name])

    def apply(self, name: str, texts: Array) -> Array:
        """The column's texts after trimming, null words and letter case."""
        if name in self._trimmed:
            texts = self._trim(self._columns[name], texts)
        texts = self._without_null_words(name, texts)
        if name in self._lower:
            texts = pc.utf8_lower(texts)
        if name in self._upper:
            texts = pc.utf8_upper(texts)
        # Again: what the table rejects is replayed as it was changed, and must not change anew.
        return self._without_null_words(name, texts) if name in self._cased else texts

    def _without_null_words(self, name: str, texts: Array) -> Array:
        if not self._null_words[name]:
            return texts
        words = pa.array(self._null_words[name], pa.string())
        return null_where(to_mask(pc.is_in(texts, words, skip_nulls=True)), texts)

    def kept(self, texts: Mapping[str, Array], count: int) -> Mask:
        """The records for which all conditions hold.

        Args:
            texts: the texts by column, after `apply`; a column that is missing is null.
            count: the number of records.
        """
        kept = np.ones(count, bool)
        for condition in self._conditions:
            found = texts.get(condition.column)
            kept &= _holds(condition, pa.nulls(count, pa.string()) if found is None else found)
        return kept

    def _named(self, names: tuple[str, ...], fits: Callable[[Column], bool]) -> frozenset[str]:
        if EVERY_COLUMN not in names:
            return frozenset(names)
        return frozenset(names) | {name for name, each in self._columns.items() if fits(each)}

    @staticmethod
    def _is_text(column: Column) -> bool:
        return column.kind in TEXT_KINDS

    @staticmethod
    def _is_no_json(column: Column) -> bool:
        return column.kind not in JSON_KINDS

    @staticmethod
    def _trim(column: Column, texts: Array) -> Array:
        trimmed = pc.utf8_trim_whitespace(texts)
        if column.kind in TEXT_KINDS:
            return trimmed
        # As an empty quoted field: only text has an empty value.
        return null_where(to_mask(pc.equal(trimmed, "")), trimmed)


def _holds(condition: Condition, texts: Array) -> Mask:
    if condition.is_in is not None:
        return _is_one_of(texts, condition.is_in)
    if condition.not_in is not None:
        return ~_is_one_of(texts, condition.not_in)
    if condition.like is not None:
        return to_mask(pc.match_like(texts, condition.like))
    if condition.not_like is not None:
        return ~to_mask(pc.match_like(texts, condition.not_like))
    filled: Mask = to_mask(texts.is_valid())
    return filled if condition.filled else ~filled


def _is_one_of(texts: Array, values: tuple[str, ...]) -> Mask:
    return to_mask(pc.is_in(texts, pa.array(values, pa.string()), skip_nulls=True))
