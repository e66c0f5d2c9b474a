"""The file of corrected rejects: CSV or JSON Lines, as its dataset takes them."""

import io
import re
import zipfile
from collections.abc import Sequence, Set
from contextlib import suppress
from typing import Any

from waybill.contract.model import Contract
from waybill.database.rejects import Fields
from waybill.exact_json import JsonError, format_json, parse_json

_JSON_KINDS = ("json", "jsonb")
_BREAKS = re.compile(r"[\r\n]")


def is_json(contract: Contract) -> bool:
    """Whether it is JSON Lines; otherwise it is CSV."""
    return contract.file_format == "json" or contract.document is not None


def delimiter_of(contract: Contract) -> str | None:
    """The delimiter of the CSV; None for JSON Lines."""
    return None if is_json(contract) else contract.delimiter or ","


def replay_file(contract: Contract, records: Sequence[Fields]) -> bytes:
    """The records as a file, in UTF-8."""
    delimiter = delimiter_of(contract)
    if delimiter is None:
        return _json_lines(contract, records)
    return _csv_lines(contract, delimiter, records)


def replay_archive_file(contract: Contract, files: Sequence[Sequence[Fields]]) -> bytes:
    """A zip archive with a file of records for each member, in order."""
    suffix = "jsonl" if is_json(contract) else "csv"
    archive = io.BytesIO()
    # Stored: the limits on ratios are for what others send.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for position, records in enumerate(files, 1):
            file.writestr(f"{position:06}.{suffix}", replay_file(contract, records))
    return archive.getvalue()


def _csv_lines(contract: Contract, delimiter: str, records: Sequence[Fields]) -> bytes:
    """The records as a file of the dataset, with every text quoted so that it is not trimmed.

    Like the file that the records were in, it has no column that none of them has, so that such
    a column keeps its value or gets its default. Without a header every column has its place.
    """
    present = set().union(*records)
    names = [
        column.name
        for column in contract.columns
        if column.name in present or column.required or contract.header == "absent"
    ]
    lines = [[record.get(name) for name in names] for record in records]
    if contract.header != "absent":
        lines.insert(0, [*names])
    return "".join(f"{delimiter.join(map(_quoted, line))}\r\n" for line in lines).encode()


def _quoted(text: str | None) -> str:
    return "" if text is None else '"' + text.replace('"', '""') + '"'


def _with_values(record: Fields, nested: Set[str]) -> dict[str, Any]:
    """The record with the values of columns of JSON, of which the fields are the text."""
    values: dict[str, Any] = dict(record)
    for name in nested & record.keys():
        text = record[name]
        # What is no JSON is refused again, with the reason.
        with suppress(JsonError):
            values[name] = None if text is None else parse_json(text)
    return values


def _json_lines(contract: Contract, records: Sequence[Fields]) -> bytes:
    """The records as JSON Lines; of a dataset of documents, the documents themselves."""
    if contract.document is not None:
        texts = [record.get(contract.document) or "null" for record in records]
    else:
        nested = {column.name for column in contract.columns if column.kind in _JSON_KINDS}
        texts = [format_json(_with_values(record, nested)) for record in records]
    # Inside strings line breaks are escaped; the others are white space.
    return "".join(f"{_BREAKS.sub(' ', text)}\n" for text in texts).encode()
