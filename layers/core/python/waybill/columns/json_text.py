"""Builds JSON from columns of text without creating a Python object per value."""

import json

import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns.check_result import Array
from waybill.columns.text_bytes import text_bytes

_CONTROL = r"[\x00-\x1f]"
_ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


def escape_json(strings: Array) -> Array:
    """The values escaped for use between the quotes of a JSON string; null stays null."""
    if _needs_no_escapes(strings):
        return strings
    for plain, escape in _ESCAPES:
        strings = pc.replace_substring(strings, plain, escape)
    rest = pc.match_substring_regex(strings, _CONTROL).fill_null(False)
    if not pc.any(rest).as_py():
        return strings
    codes = "".join(map(chr, range(0x20)))
    table = str.maketrans({char: json.dumps(char)[1:-1] for char in codes})
    texts = [text.translate(table) for text in strings.filter(rest).to_pylist()]
    return pc.replace_with_mask(strings, rest, pa.array(texts, pa.string()))


def quote_json(strings: Array) -> Array:
    """The values as JSON strings; null becomes `null`."""
    return concat('"', escape_json(strings), '"').fill_null("null")


def concat(*parts: Array | str) -> Array:
    """The parts of each row concatenated; null if any part is null."""
    return pc.binary_join_element_wise(*parts, "")


def json_objects(members: list[tuple[str, Array]]) -> Array:
    """A JSON object per row; `members` are pairs of name and column of text."""
    parts: list[Array | str] = []
    text = "{"
    for name, values in members:
        text += json.dumps(name, ensure_ascii=False) + ": "
        if values.null_count:
            parts += [text, quote_json(values)]
            text = ", "
        else:
            parts += [text + '"', escape_json(values)]
            text = '", '
    return concat(*parts, text.removesuffix(", ") + "}")


def _needs_no_escapes(strings: Array) -> bool:
    octets = text_bytes(strings).octets
    # One after the other: each takes as much memory as the text.
    return not (
        (octets < ord(" ")).any() or (octets == ord('"')).any() or (octets == ord("\\")).any()
    )
