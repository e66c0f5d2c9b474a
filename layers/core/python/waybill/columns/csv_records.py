"""Converts a block of CSV records into columns of text."""

import numpy as np
import pyarrow as pa

from waybill.columns.added_fields import without_added
from waybill.columns.json_text import json_objects
from waybill.columns.parse import field_rules, parse_fields
from waybill.columns.records import Records
from waybill.columns.rejects import malformed_rejects
from waybill.columns.repeated_headers import RepeatedHeaders
from waybill.contract.model import Contract
from waybill.records.block import Block
from waybill.records.fields import check_fields
from waybill.records.grammar import Fault
from waybill.records.layout import Layout


class CsvReader:
    """Reads the records of one chunk."""

    def __init__(self, contract: Contract, layout: Layout) -> None:
        self._layout = layout
        self._rules = field_rules(contract, layout)
        self._headers = RepeatedHeaders(contract, layout)

    def read(self, block: Block) -> Records:
        """The block's records; malformed ones become rejects."""
        layout = self._layout
        checked = check_fields(block, layout.marks, layout.width)
        faults = checked.block.faults
        if layout.encoding != "utf-8":
            # The transcoder leaves bytes that are invalid in the file's encoding as invalid UTF-8.
            faults[faults == Fault.INVALID_UTF8] = Fault.INVALID_ENCODING
        texts = parse_fields(checked, layout.marks, self._rules)
        repeated = self._headers.find(texts, checked.block.lines[checked.valid])
        if len(repeated):
            faults[checked.valid[repeated]] = Fault.REPEATED_HEADER
            valid = np.delete(checked.valid, repeated)
            texts = [
                array.take(pa.array(np.delete(np.arange(len(array)), repeated))) for array in texts
            ]
            checked = checked._replace(valid=valid)
        texts = without_added(texts, layout)
        if layout.fields:
            texts = [json_objects(list(zip(layout.fields, texts, strict=True)))]
        all_valid = len(checked.valid) == block.record_count
        malformed = () if all_valid else (malformed_rejects(checked, layout.width, layout.marks),)
        return Records(checked.block, checked.valid, texts, malformed)
