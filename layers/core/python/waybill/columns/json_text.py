"""JSON built from columns of text, without a Python object for each value."""

import json

import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns.check_result import Array
from waybill.columns.text_bytes import text_bytes

_REMAINING = r"[\x00-\x1f]"
_ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


def _is_plain(strings: Array) -> bool:
    octets = text_bytes(strings).octets
    return not ((octets < ord(" ")) | (octets == ord('"')) | (octets == ord("\\"))).any()


def escaped(strings: Array) -> Array:
    """The values as they stand between the quotes of a JSON string; null stays null."""
    if _is_plain(strings):
        return strings
    for plain, written in _ESCAPES:
        strings = pc.replace_substring(strings, plain, written)
    rest = pc.match_substring_regex(strings, _REMAINING).fill_null(False)
    if not pc.any(rest).as_py():
        return strings
    codes = "".join(map(chr, range(0x20)))
    table = str.maketrans({char: json.dumps(char)[1:-1] for char in codes})
    texts = [text.translate(table) for text in strings.filter(rest).to_pylist()]
    return pc.replace_with_mask(strings, rest, pa.array(texts, pa.string()))


def quoted(strings: Array) -> Array:
    """The values as JSON: strings, or `null`."""
    return joined('"', escaped(strings), '"').fill_null("null")


def joined(*parts: Array | str) -> Array:
    """The parts of each row one after another; null where one is."""
    return pc.binary_join_element_wise(*parts, "")


def objects(members: list[tuple[str, Array]]) -> Array:
    """A JSON object for each row; `members` are names and columns of text."""
    parts: list[Array | str] = []
    text = "{"
    for name, values in members:
        text += json.dumps(name, ensure_ascii=False) + ": "
        if values.null_count:
            parts += [text, quoted(values)]
            text = ", "
        else:
            parts += [text + '"', escaped(values)]
            text = '", '
    return joined(*parts, text.removesuffix(", ") + "}")
