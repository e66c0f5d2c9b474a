r"""Writes Arrow arrays as text, so that they pass the checks of any other file, with every digit.

===================  ============================================================================
values               text
===================  ============================================================================
numbers              all digits; floats the shortest decimal that is the same float
dates, times         ISO 8601; with a zone in UTC with a `Z`. Midnight without a zone is a date
                     where the column is a date
durations            seconds
binary               ``\x…`` for a bytea, a UUID for a uuid; else it is text in UTF-8
lists, structs,      JSON for json and jsonb, the literal of an array for an array
maps
dictionaries         their values
===================  ============================================================================
"""

import json
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from waybill.binary.scalar_texts import is_number, is_text, scalar_texts, strings
from waybill.binary.task import Field
from waybill.binary.wording import write_time

JSON_KINDS = frozenset(["json", "jsonb"])
_TEXT_KINDS = frozenset(["text", "varchar", "bpchar", "name", "citext"])
_ESCAPES = re.compile(r'(["\\])')


def is_nested(kind: Any) -> bool:  # noqa: ANN401 - an Arrow type
    """Whether its values consist of other values."""
    return bool(pa.types.is_nested(kind))


def texts_of(values: Any, field: Field) -> Any:  # noqa: ANN401 - Arrow arrays
    """The values as a `string` array, or as a `binary` one of what only should be UTF-8."""
    values = plain(values)
    kind = values.type
    is_json = field.kind in JSON_KINDS and not is_text(kind)
    if is_json or (is_nested(kind) and not field.kind.startswith("_")):
        return pa.array(_without_null(json_texts(values), values), pa.binary())
    if is_nested(kind):
        element = Field(field.kind.removeprefix("_"))
        return pa.array(_without_null(_array_literals(values, element), values), pa.binary())
    return _formatted(values, field)


def _formatted(values: Any, field: Field) -> Any:  # noqa: ANN401 - Arrow arrays
    """The texts of scalars in the column's declared format."""
    kind = values.type
    if pa.types.is_boolean(kind):
        return pc.if_else(values, field.true_word, field.false_word)
    texts = scalar_texts(values, field)
    if is_number(kind) and field.decimal != ".":
        return pc.replace_substring(texts, ".", field.decimal)
    if pa.types.is_temporal(kind) and field.pattern:
        return pa.array([_write(text, field) for text in texts.to_pylist()], pa.string())
    if is_text(kind) and field.kind not in _TEXT_KINDS:
        # As an empty quoted field: only text has an empty value.
        empty = pc.equal(pc.binary_length(texts), 0)
        return pc.if_else(empty, pa.scalar(None, texts.type), texts)
    return texts


def plain(values: Any) -> Any:  # noqa: ANN401 - Arrow arrays
    """The values without dictionaries, runs and extension types."""
    while True:
        kind = values.type
        if isinstance(kind, pa.BaseExtensionType):
            values = values.storage
        elif pa.types.is_dictionary(kind):
            values = values.dictionary.take(values.indices)
        elif pa.types.is_run_end_encoded(kind):
            values = pc.run_end_decode(values)
        else:
            return values


def _without_null(texts: Sequence[str], values: Any) -> list[str | None]:  # noqa: ANN401
    valid = values.is_valid().to_pylist()
    return [text if present else None for text, present in zip(texts, valid, strict=True)]


def _write(text: str | None, field: Field) -> str | None:
    return None if text is None else write_time(text, field.pattern, field.pivot)


def json_texts(values: Any) -> list[str]:  # noqa: ANN401 - Arrow arrays
    """Each value as JSON; null is `null`. Numbers keep their digits.

    Raises:
        ValueError: bytes that are not UTF-8.
    """
    values = plain(values)
    kind = values.type
    if pa.types.is_map(kind):
        return _maps(values)
    if pa.types.is_struct(kind):
        members = [
            (json.dumps(kind.field(at).name, ensure_ascii=False), json_texts(child))
            for at, child in enumerate(values.flatten())
        ]
        rows = (
            "{" + ", ".join(f"{name}: {texts[row]}" for name, texts in members) + "}"
            for row in range(len(values))
        )
        return [text or "null" for text in _without_null(list(rows), values)]
    if is_nested(kind):
        lists = _lists(values, json_texts)
        return ["null" if each is None else f"[{', '.join(each)}]" for each in lists]
    texts = strings(values, Field("text"))
    if is_number(kind) or pa.types.is_boolean(kind):
        return [text or "null" for text in texts]
    return ["null" if text is None else json.dumps(text, ensure_ascii=False) for text in texts]


def _maps(values: Any) -> list[str]:  # noqa: ANN401 - Arrow arrays
    """Maps as objects; keys that are no text are written as one."""
    offsets = values.offsets.to_pylist()
    # The members of a part of a batch are those of the whole batch.
    first, count = offsets[0], offsets[-1] - offsets[0]
    keys = strings(plain(values.keys.slice(first, count)), Field("text"))
    items = json_texts(values.items.slice(first, count))
    offsets = [offset - first for offset in offsets]
    rows = (
        "{"
        + ", ".join(
            f"{json.dumps(keys[at], ensure_ascii=False)}: {items[at]}" for at in range(start, stop)
        )
        + "}"
        for start, stop in pairwise(offsets)
    )
    return [text or "null" for text in _without_null(list(rows), values)]


def _lists(values: Any, write: Callable[[Any], list[str]]) -> list[list[str] | None]:  # noqa: ANN401
    """The elements of each list as texts; None for a null list."""
    lengths = pc.list_value_length(values).to_pylist()
    texts = iter(write(values.flatten()))
    return [None if length is None else [next(texts) for _ in range(length)] for length in lengths]


def _array_literals(values: Any, element: Field) -> list[str]:  # noqa: ANN401 - Arrow arrays
    """Each value as a part of the literal of an array; null is `NULL`."""
    values = plain(values)
    kind = values.type
    if is_nested(kind) and not (pa.types.is_struct(kind) or pa.types.is_map(kind)):
        lists = _lists(values, lambda inner: _array_literals(inner, element))
        return ["NULL" if each is None else "{" + ",".join(each) + "}" for each in lists]
    if element.kind in JSON_KINDS and not is_text(kind):
        texts = _without_null(json_texts(values), values)
    else:
        texts = strings(values, element)
    return ["NULL" if text is None else _quote(text) for text in texts]


def _quote(text: str) -> str:
    return '"' + _ESCAPES.sub(r"\\\1", text) + '"'
