"""Reads the head of a JSON file: where its records begin, and which columns they may fill."""

import json
from itertools import islice

from waybill.contract.model import Contract
from waybill.errors import Rejected
from waybill.records.dialect import Head
from waybill.records.encodings import rewritten
from waybill.records.header import column_of
from waybill.records.json_array import ArrayCutter
from waybill.records.json_lines import LinesCutter
from waybill.records.layout import FileFormat, Layout
from waybill.records.trimming import BLANKS

_LOOKED_AT = 1000


def json_layout(text: Head, file_format: FileFormat, contract: Contract) -> Layout:
    """The layout of a JSON file.

    A record may fill every column of the contract. What one does not name is null; a column
    that has a default is left to it if none of the first records names it.

    Raises:
        Rejected: `empty-file`, or `broken-json`: an array that is none from its beginning.
    """
    if text.whole and not text.data.strip(BLANKS):
        raise Rejected("empty-file", "The file holds no record.")
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
    """The columns that the first records name."""
    array = file_format == "json-array"
    cutter = ArrayCutter(ends=False) if array else LinesCutter()
    named: set[str] = set()
    for block in [*cutter.feed(text.data), *(cutter.finish() if text.whole else ())]:
        utf8 = rewritten(block, text.encoding)
        spans = zip(utf8.starts.tolist(), utf8.stops.tolist(), strict=True)
        for start, stop in islice(spans, _LOOKED_AT):
            for key in _keys(utf8.data[start:stop]):
                named.add(column_of(key, contract) or "")
    return named


def _keys(raw: bytes) -> list[str]:
    try:
        found = json.loads(raw.decode(), parse_int=str)
    except (ValueError, RecursionError):
        # The record will be refused with its reason when it is read.
        return []
    return list(found) if isinstance(found, dict) else []
