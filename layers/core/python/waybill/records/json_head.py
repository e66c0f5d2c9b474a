"""Read the head of a JSON file: where records begin and which columns they fill."""

from waybill.contract.model import Contract
from waybill.errors import Rejected
from waybill.records.dialect import Head
from waybill.records.layout import FileFormat, Layout
from waybill.records.trimming import BLANKS


def json_layout(text: Head, file_format: FileFormat, contract: Contract) -> Layout:
    """The layout of a JSON file.

    A record may fill every column of the contract, at any position in the file. A column whose
    key a record lacks keeps its value or takes its default.

    Raises:
        Rejected: `empty-file`, or `broken-json` for a malformed array.
    """
    if text.whole and not text.data.strip(BLANKS):
        raise Rejected("empty-file", "The file contains no records.")
    begin = len(text.data) - len(text.data.lstrip(BLANKS)) + 1 if file_format == "json-array" else 0
    columns = tuple(column.name for column in contract.columns)
    return Layout(
        file_format=file_format,
        header=False,
        columns=(contract.document,) if contract.document else columns,
        data_offset=begin,
        first_line=1,
    )
