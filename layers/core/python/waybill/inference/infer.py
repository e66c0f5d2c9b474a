"""Infer a dataset: read the file as text, choose types, then read it again with them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from waybill.binary.layout import described_layout
from waybill.columns.check import Checker
from waybill.columns.check_result import Array
from waybill.contract.model import Column, Contract
from waybill.errors import Rejected
from waybill.inference.archive_sample import without_archive
from waybill.inference.binary_structure import DescribedFile, describe_sample
from waybill.inference.column_evidence import ColumnEvidence, SheetEvidence
from waybill.inference.draft import Draft
from waybill.inference.file_sample import FileSample
from waybill.inference.keys import Uniqueness
from waybill.inference.model import Header, Inferred
from waybill.inference.names import identifier
from waybill.inference.proposal import Checked, propose
from waybill.inference.readings import Reading, column_of
from waybill.inference.structure import Structure, find_structure
from waybill.inference.table_structure import MOST_COLUMNS, too_many
from waybill.records.block import Block
from waybill.records.column_names import normalise
from waybill.records.layout import Layout
from waybill.records.sniffer import sniff_layout

_NAME_LENGTH = 63
# A longer header cell is taken for a value.
_LONGEST_SOURCE = 500


def infer_dataset(sample: FileSample, name: str, *, header: Header | None = None) -> Inferred:
    """Propose a dataset that the file loads into.

    The readers and checks are the loader's. What was proposed has read every record that was
    read, but for those that no contract could.

    Raises:
        Rejected: why the loader could not read the file with any contract.
        BadRequest: `bad-encoding`.
    """
    with without_archive(sample) as file:
        return _infer(file, _dataset_name(name), header)


def _infer(sample: FileSample, dataset: str, header: Header | None) -> Inferred:
    if file_format := sample.binary_format:
        described = describe_sample(sample, file_format)
        structure, nested = described.structure(header), set[str]()
        file = _File(sample, described)
    else:
        file = _File(sample)
        structure, nested = find_structure(sample, header), set[str]()
        if structure.is_json:
            structure, nested = _json_names(file, structure)
    structure = structure._replace(notes=(*sample.notes, *structure.notes))
    _check_names(structure)
    columns = list(map(column_of, structure.columns, _first_readings(structure, nested)))
    contract = structure.contract(dataset, columns)
    layout = file.layout(contract)
    evidence = _gather(file, structure, contract, layout)
    draft = Draft(dataset, structure, layout, evidence, sample.is_complete)
    return propose(draft, _verify(file, draft))


class _File(NamedTuple):
    """The file, and what it says of itself if it is binary."""

    sample: FileSample
    described: DescribedFile | None = None

    def layout(self, contract: Contract) -> Layout:
        """Its layout for this contract."""
        if self.described:
            return described_layout(
                self.described.description, self.described.file_format, contract
            )
        return sniff_layout(self.sample.head, contract, whole=self.sample.head_is_whole)


def _first_readings(structure: Structure, nested: set[str]) -> list[Reading]:
    """How the columns are read to learn about them: as what the file declares, or as text."""
    if structure.declared:
        return [declared.reading for declared in structure.declared]
    return [Reading("jsonb" if source in nested else "text") for source in structure.names]


def _dataset_name(name: str) -> str:
    made = identifier(name.rsplit("/", maxsplit=1)[-1].split(".", maxsplit=1)[0], "dataset")
    plain = "".join(char if char.isascii() else "_" for char in made)
    return plain[:_NAME_LENGTH]


def _check_names(structure: Structure) -> None:
    """Refuse names that neither a column nor an alias can have."""
    for name in filter(None, structure.names):
        if normalise(name) == "_landed":
            raise Rejected("unusable-name", f"Rename the column {name}: Waybill uses it itself.")
        if "\0" in name or _has_surrogate(name) or len(name) > _LONGEST_SOURCE:
            shown = name[:_NAME_LENGTH].encode("unicode_escape").decode()
            raise Rejected("unusable-name", f"A field is called {shown!r}, which no column can be.")


def _has_surrogate(name: str) -> bool:
    return any(0xD800 <= ord(char) < 0xE000 for char in name)


def _json_names(file: _File, structure: Structure) -> tuple[Structure, set[str]]:
    """The structure with the keys of all records, and the keys with lists or objects."""
    reading = structure.contract("inferred", [column_of("any", Reading("text"))])
    # Whatever the keys are, the records are split alike.
    reading = reading.model_copy(update={"document": "any"})
    layout = file.layout(reading)
    names: dict[str, None] = {}
    nested: set[str] = set()
    for record in _json_records(file.sample.blocks(layout, reading)):
        names |= dict.fromkeys(record)
        nested.update(key for key, value in record.items() if isinstance(value, dict | list))
        if len(names) > MOST_COLUMNS:
            raise too_many(len(names))
    if not names:
        raise Rejected("empty-file", "The file contains no records with fields.")
    return structure._replace(names=tuple(names)), nested


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


def _gather(
    file: _File, structure: Structure, contract: Contract, layout: Layout
) -> list[ColumnEvidence]:
    """What every column of the contract has."""
    checker = Checker(contract, layout, 0)
    evidence = _no_evidence(structure, contract, layout)
    refused: list[str] = []
    position = {name: at for at, name in enumerate(layout.columns)}
    for block in file.sample.blocks(layout, contract):
        if not block.record_count:
            continue
        records, result = checker.check_and_keep(block)
        refused = refused or _first_error(result.rejects)
        for each, column in zip(evidence, contract.columns, strict=True):
            at = position.get(column.name)
            count = len(records.valid)
            each.add(pa.nulls(count, pa.string()) if at is None else records.texts[at])
    found = [each.fitting if isinstance(each, SheetEvidence) else each for each in evidence]
    if not any(each.records for each in found):
        why = f"; the first is rejected: {refused[0]}" if refused else ""
        raise Rejected("empty-file", f"The file has no records that tell the types{why}.")
    return found


def _first_error(rejects: Iterable[Array]) -> list[str]:
    """Why the first record is rejected, if one is."""
    for batch in rejects:
        for errors in batch.column("errors").to_pylist():
            return [error["message"] for error in json.loads(errors)]
    return []


def _no_evidence(
    structure: Structure, contract: Contract, layout: Layout
) -> Sequence[ColumnEvidence | SheetEvidence]:
    if layout.file_format == "xlsx":
        return [SheetEvidence.empty() for _ in contract.columns]
    declared = structure.declared or (None,) * len(contract.columns)
    return [
        ColumnEvidence(is_json=column.kind == "jsonb", declared=each)
        for column, each in zip(contract.columns, declared, strict=True)
    ]


def _verify(file: _File, draft: Draft) -> Checked:
    """Read the file with the proposed types; a column that they do not fit becomes text."""
    while True:
        contract = draft.contract()
        layout = file.layout(contract)
        checker = Checker(contract, layout, 0)
        uniqueness = Uniqueness(draft)
        records = rejected = 0
        failed: set[str] = set()
        for block in file.sample.blocks(layout, contract):
            if not block.record_count:
                continue
            result = checker.check(block)
            uniqueness.add(result.staged)
            records += result.staged.num_rows + result.rejected
            rejected += result.rejected
            failed |= _failed(result.rejects, contract.columns)
        failed -= draft.as_text
        if not failed:
            return Checked(uniqueness, records, rejected)
        draft.as_text |= failed


def _failed(rejects: Iterable[Array], columns: Iterable[Column]) -> set[str]:
    """Columns with a type that rejected a value."""
    typed = {column.name for column in columns if column.kind not in ("text", "jsonb")}
    return {
        error["column"]
        for batch in rejects
        for errors in batch.column("errors").to_pylist()
        for error in json.loads(errors)
        if error["column"] in typed
    }
