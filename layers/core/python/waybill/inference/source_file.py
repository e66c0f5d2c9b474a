"""A file with its structure: what it says of itself, and the names of its fields."""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Self

from waybill.binary.layout import described_layout
from waybill.contract.model import Contract
from waybill.errors import Rejected
from waybill.inference.binary_structure import DescribedFile, describe_sample
from waybill.inference.file_sample import FileSample
from waybill.inference.model import Header
from waybill.inference.readings import Reading, column_of
from waybill.inference.structure import Structure, find_structure
from waybill.inference.table_structure import MOST_COLUMNS, too_many
from waybill.records.block import Block
from waybill.records.column_names import normalise
from waybill.records.layout import Layout
from waybill.records.sniffer import sniff_layout

# A longer header cell is taken for a value.
_LONGEST_SOURCE = 500
_SHOWN = 63


class SourceFile(NamedTuple):
    """The file, and what it says of itself if it is binary."""

    sample: FileSample
    structure: Structure
    nested: frozenset[str] = frozenset()
    """Keys of JSON records with lists or objects."""
    described: DescribedFile | None = None

    @classmethod
    def of(cls, sample: FileSample, header: Header | None) -> Self:
        """The file with its structure.

        Raises:
            Rejected: no contract could read it.
        """
        if file_format := sample.binary_format:
            described = describe_sample(sample, file_format)
            file = cls(sample, described.structure(header), described=described)
        else:
            file = cls(sample, find_structure(sample, header))
            if file.structure.is_json:
                file = file._with_json_names()
        _check_names(file.structure)
        return file

    @property
    def form(self) -> str:
        """Its format in a word."""
        if self.described:
            return self.described.file_format
        return "json" if self.structure.is_json else "csv"

    def layout(self, contract: Contract) -> Layout:
        """Its layout for this contract."""
        if self.described:
            return described_layout(
                self.described.description, self.described.file_format, contract
            )
        return sniff_layout(self.sample.head, contract, whole=self.sample.head_is_whole)

    def _with_json_names(self) -> Self:
        """The file with the keys of all records, and those with lists or objects."""
        reading = self.structure.contract("inferred", [column_of("any", Reading("text"))])
        # Whatever the keys are, the records are split alike.
        reading = reading.model_copy(update={"document": "any"})
        names: dict[str, None] = {}
        nested: set[str] = set()
        for record in _json_records(self.sample.blocks(self.layout(reading), reading)):
            names |= dict.fromkeys(record)
            nested.update(key for key, value in record.items() if isinstance(value, dict | list))
            if len(names) > MOST_COLUMNS:
                raise too_many(len(names))
        if not names:
            raise Rejected("empty-file", "The file contains no records with fields.")
        structure = self.structure._replace(names=tuple(names))
        return self._replace(structure=structure, nested=frozenset(nested))


def _check_names(structure: Structure) -> None:
    """Refuse names that neither a column nor an alias can have."""
    for name in filter(None, structure.names):
        if normalise(name) == "_landed":
            raise Rejected("unusable-name", f"Rename the column {name}: Waybill uses it itself.")
        if "\0" in name or _has_surrogate(name) or len(name) > _LONGEST_SOURCE:
            shown = name[:_SHOWN].encode("unicode_escape").decode()
            raise Rejected("unusable-name", f"A field is called {shown!r}, which no column can be.")


def _has_surrogate(name: str) -> bool:
    return any(0xD800 <= ord(char) < 0xE000 for char in name)


def _json_records(blocks: Iterable[Block]) -> Iterator[dict[str, object]]:
    for block in blocks:
        for start, stop in zip(block.starts.tolist(), block.stops.tolist(), strict=True):
            try:
                record = json.loads(block.data[start:stop], parse_int=str)
            except (ValueError, RecursionError):
                # The loader rejects it with its reason.
                continue
            if isinstance(record, dict):
                yield record
