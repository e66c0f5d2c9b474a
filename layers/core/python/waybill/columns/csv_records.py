"""The records of a block of CSV as columns of text."""

from waybill.columns.json_text import objects
from waybill.columns.parse import parse, parse_fields
from waybill.columns.records import Records
from waybill.columns.rejects import broken_records
from waybill.contract.model import Contract
from waybill.records.block import Block
from waybill.records.fields import check_fields
from waybill.records.grammar import Fault
from waybill.records.layout import Layout


class CsvReader:
    """Reads the records of one chunk."""

    def __init__(self, contract: Contract, layout: Layout) -> None:
        self._contract = contract
        self._layout = layout

    def read(self, block: Block) -> Records:
        """The block's records; those that cannot be read are refused with the reason."""
        layout = self._layout
        checked = check_fields(block, layout.delimiter, layout.width)
        if layout.encoding != "utf-8":
            # What its own encoding does not have was left as bytes that are not UTF-8.
            checked.block.faults[checked.block.faults == Fault.INVALID_UTF8] = (
                Fault.INVALID_ENCODING
            )
        if layout.fields:
            fields = parse_fields(checked, layout, self._contract)
            texts = [objects(list(zip(layout.fields, fields, strict=True)))]
        else:
            texts = parse(checked, layout, self._contract)
        all_sound = len(checked.valid) == block.record_count
        broken = () if all_sound else (broken_records(checked, layout.width),)
        return Records(checked.block, checked.valid, texts, broken)
