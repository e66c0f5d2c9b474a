"""Read the head of a JSON file: where records begin and which columns they fill."""

import json
from itertools import islice

from waybill.contract.model import Contract
from waybill.errors import Rejected
from waybill.records.dialect import Head
from waybill.records.encodings import to_utf8
from waybill.records.header import find_column
from waybill.records.json_array import JsonArraySplitter
from waybill.records.json_lines import JsonLinesSplitter
from waybill.records.layout import FileFormat, Layout
from waybill.records.trimming import BLANKS

_SAMPLE_RECORDS = 1000


def json_layout(text: Head, file_format: FileFormat, contract: Contract) -> Layout:
    """The layout of a JSON file.

    A record may fill every column of the contract. A missing key is null; a column with a
    default that none of the first records has takes its default.

    Raises:
        Rejected: `empty-file`, or `broken-json` for a malformed array.
    """
    if text.whole and not text.data.strip(BLANKS):
        raise Rejected("empty-file", "The file contains no records.")
    begin = len(text.data) - len(text.data.lstrip(BLANKS)) + 1 if file_format == "json-array" else 0
    named = _named(text._replace(data=text.data[begin:]), file_format, contract)
    columns = tuple(
        column.name
        for column in contract.columns
        if not column.has_default or column.required or column.name in named
    )
    return Layout(
        file_format=file_format,
        header=False,
        columns=(contract.document,) if contract.document else columns,
        data_offset=begin,
        first_line=1,
    )


def _named(text: Head, file_format: FileFormat, contract: Contract) -> set[str]:
    """The columns that occur as keys in the first records."""
    array = file_format == "json-array"
    splitter = JsonArraySplitter(ends=False) if array else JsonLinesSplitter()
    named: set[str] = set()
    for block in [*splitter.feed(text.data), *(splitter.finish() if text.whole else ())]:
        utf8 = to_utf8(block, text.encoding)
        spans = zip(utf8.starts.tolist(), utf8.stops.tolist(), strict=True)
        for start, stop in islice(spans, _SAMPLE_RECORDS):
            for key in _keys(utf8.data[start:stop]):
                named.add(find_column(key, contract) or "")
    return named


def _keys(raw: bytes) -> list[str]:
    try:
        found = json.loads(raw.decode(), parse_int=str)
    except (ValueError, RecursionError):
        # The record is rejected with its reason when it is parsed.
        return []
    return list(found) if isinstance(found, dict) else []
