"""Read the head of a JSON file: its form, where records begin and which columns they fill."""

import json
import re
from itertools import chain, islice
from typing import Any

from waybill.contract.model import Contract
from waybill.errors import Rejected
from waybill.records.block import Block
from waybill.records.column_names import ColumnNames
from waybill.records.encodings import to_utf8
from waybill.records.head import Head
from waybill.records.header import refuse_header
from waybill.records.json_array import JsonArraySplitter
from waybill.records.json_lines import JsonLinesSplitter
from waybill.records.json_objects import JsonObjectsSplitter
from waybill.records.layout import JsonFormat, Layout
from waybill.records.trimming import BLANKS

_SAMPLE_RECORDS = 50
_SAMPLE_LINES = 50
# Only an object or an array of objects; other text that begins with a bracket may be CSV.
_OBJECT = re.compile(rb'\s*\{\s*(?:"|\}[ \t]*(?:[\r\n{]|\Z))')
_ARRAY = re.compile(rb'\s*\[\s*(?:\{\s*["}]|\]\s*\Z)')
_FIRST_KEY = re.compile(rb'\s*\{\s*"((?:[^"\\]|\\.){1,500})"\s*:\s*[\[{]')


def json_format(text: bytes, contract: Contract) -> JsonFormat | None:
    """The form of a JSON file; None if it is not JSON."""
    if contract.file_format == "json":
        is_array = text.lstrip(BLANKS).startswith(b"[")
        is_object = text.lstrip(BLANKS).startswith(b"{")
    else:
        is_array, is_object = bool(_ARRAY.match(text)), bool(_OBJECT.match(text))
    if is_array:
        return "json-array"
    if is_object:
        return "json-lines" if _has_one_object_per_line(text) else "json-objects"
    return "json-lines" if contract.file_format == "json" else None


def _has_one_object_per_line(text: bytes) -> bool:
    """Whether most of the first lines begin and end as an object that is balanced."""
    lines = [line for line in map(bytes.strip, text.split(b"\n", _SAMPLE_LINES)) if line]
    complete = sum(_is_object(line) for line in lines[:_SAMPLE_LINES])
    return 2 * complete > len(lines[:_SAMPLE_LINES]) or _is_object(lines[0])


def _is_object(line: bytes) -> bool:
    """Whether the line is one object, balanced or, if too long for the head, unterminated."""
    if not line.startswith(b"{") or not line.endswith(b"}"):
        return False
    blocks = list(JsonObjectsSplitter().feed(line)) if line.count(b"}") else []
    return sum(block.record_count for block in blocks) == 1


def refuse_other_json(text: bytes) -> None:
    """Refuse a text that is JSON, but neither an object nor an array of objects.

    Raises:
        Rejected: `broken-json`.
    """
    if not text.lstrip(BLANKS).startswith((b"[", b"{")):
        return
    string = text.decode("utf-8", "replace").lstrip()
    try:
        value, end = json.JSONDecoder().raw_decode(string)
    except RecursionError:
        raise not_records("it is nested too deeply") from None
    except ValueError:
        return
    if not string[end : end + 1].strip():
        kind = "a list" if isinstance(value, list) else "an object"
        raise not_records(f"it begins with {kind} whose elements are not objects")


def not_records(what: str) -> Rejected:
    """The refusal of a file that begins like JSON."""
    detail = (
        f"The file begins like JSON, but {what}. Records must be JSON objects: one per line, one "
        f"after the other, or in an array."
    )
    return Rejected("broken-json", detail)


def json_layout(text: Head, file_format: JsonFormat, contract: Contract) -> Layout:
    """The layout of a JSON file.

    A record may fill every column of the contract, at any position in the file. A column whose
    key a record lacks keeps its value or takes its default.

    Raises:
        Rejected: `empty-file`, `broken-json` for a malformed array, or `unknown-columns` if the
            records are inside another object.
    """
    if text.whole and not text.data.strip(BLANKS):
        raise Rejected("empty-file", "The file contains no records.")
    begin = len(text.data) - len(text.data.lstrip(BLANKS)) + 1 if file_format == "json-array" else 0
    sample = _sample(text._replace(data=text.data[begin:]), file_format)
    names = ColumnNames(contract)
    found = {names.find(key) for record in sample for key in record}
    if sample and not contract.document and found == {None}:
        _refuse_unknown(sample[0], contract)
    columns = tuple(column.name for column in contract.columns)
    return Layout(
        file_format=file_format,
        header=False,
        columns=(contract.document,) if contract.document else columns,
        data_offset=begin,
        first_line=1,
    )


def _refuse_unknown(record: dict[str, Any], contract: Contract) -> None:
    """Refuse a file whose first records have no column, unless each of them is rejected."""
    if _is_wrapper(record):
        why = "The records are inside another object; upload their list alone."
        refuse_header(list(record), contract, why)
    if contract.drift != "refuse":
        refuse_header(list(record), contract, "The first records have no column.")


def _sample(text: Head, file_format: JsonFormat) -> list[dict[str, Any]]:
    """The first records that are objects; of one that exceeds the head, only its first key."""
    splitter: JsonArraySplitter | JsonLinesSplitter | JsonObjectsSplitter
    if file_format == "json-array":
        splitter = JsonArraySplitter(ends=False)
    else:
        splitter = JsonLinesSplitter() if file_format == "json-lines" else JsonObjectsSplitter()
    blocks = chain(splitter.feed(text.data), splitter.finish() if text.whole else ())
    records = chain.from_iterable(_records(to_utf8(block, text.encoding)) for block in blocks)
    values = [_parsed(raw) for raw in islice(records, _SAMPLE_RECORDS)]
    if not values and (first := _FIRST_KEY.match(text.data)):
        return [{first[1].decode("utf-8", "replace"): [{}]}]
    return [value for value in values if isinstance(value, dict)]


def _records(block: Block) -> list[bytes]:
    spans = zip(block.starts.tolist(), block.stops.tolist(), strict=True)
    return [block.data[start:stop] for start, stop in islice(spans, _SAMPLE_RECORDS)]


def _parsed(raw: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(raw.decode(), parse_int=str)
    except (ValueError, RecursionError):
        # The record is rejected with its reason when it is parsed.
        return None


def _is_wrapper(record: dict[str, Any]) -> bool:
    """Whether a value of the record is a list of objects, or an object."""
    return any(
        isinstance(value, dict) or (isinstance(value, list) and any(map(_is_dict, value)))
        for value in record.values()
    )


def _is_dict(value: object) -> bool:
    return isinstance(value, dict)
