"""Infer a dataset: read the file as text, choose types, then read it again with them."""

import json
from collections.abc import Iterable, Iterator

import pyarrow as pa

from waybill.columns.check import Checker
from waybill.columns.check_result import Array
from waybill.contract.model import Column, Contract
from waybill.errors import Rejected
from waybill.inference.column_evidence import ColumnEvidence
from waybill.inference.draft import Draft
from waybill.inference.file_sample import FileSample
from waybill.inference.keys import Uniqueness
from waybill.inference.model import Header, Inferred
from waybill.inference.names import identifier
from waybill.inference.proposal import propose
from waybill.inference.readings import Reading, column_of
from waybill.inference.structure import (
    MOST_COLUMNS,
    Structure,
    find_structure,
    too_many,
)
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
    dataset = _dataset_name(name)
    structure = find_structure(sample, header)
    nested: set[str] = set()
    if structure.is_json:
        structure, nested = _json_names(sample, structure)
    _check_names(structure)
    columns = [
        column_of(made, Reading("jsonb" if source in nested else "text"))
        for made, source in zip(structure.columns, structure.names, strict=True)
    ]
    contract = structure.contract(dataset, columns)
    layout = _layout(sample, contract)
    evidence, rejected = _gather(sample, contract, layout)
    if not any(each.records for each in evidence):
        raise Rejected("empty-file", "The file has no records that tell the types.")
    draft = Draft(dataset, structure, layout, evidence, sample.is_complete)
    uniqueness = _verify(sample, draft)
    return propose(draft, uniqueness, rejected)


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


def _layout(sample: FileSample, contract: Contract) -> Layout:
    return sniff_layout(sample.head, contract, whole=sample.head_is_whole)


def _json_names(sample: FileSample, structure: Structure) -> tuple[Structure, set[str]]:
    """The structure with the keys of all records, and the keys with lists or objects."""
    reading = structure.contract("inferred", [column_of("any", Reading("text"))])
    # Whatever the keys are, the records are split alike.
    layout = _layout(sample, reading.model_copy(update={"document": "any"}))
    names: dict[str, None] = {}
    nested: set[str] = set()
    for record in _json_records(sample.blocks(layout)):
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
    sample: FileSample, contract: Contract, layout: Layout
) -> tuple[list[ColumnEvidence], int]:
    """What every column of the contract has, and how many records cannot be parsed."""
    checker = Checker(contract, layout, 0)
    evidence = [ColumnEvidence(is_json=column.kind == "jsonb") for column in contract.columns]
    position = {name: at for at, name in enumerate(layout.columns)}
    rejected = 0
    for block in sample.blocks(layout):
        if not block.record_count:
            continue
        records, result = checker.check_and_keep(block)
        rejected += result.rejected
        for each, column in zip(evidence, contract.columns, strict=True):
            at = position.get(column.name)
            count = len(records.valid)
            each.add(pa.nulls(count, pa.string()) if at is None else records.texts[at])
    return evidence, rejected


def _verify(sample: FileSample, draft: Draft) -> Uniqueness:
    """Read the file with the proposed types; a column that they do not fit becomes text."""
    while True:
        contract = draft.contract()
        layout = _layout(sample, contract)
        checker = Checker(contract, layout, 0)
        uniqueness = Uniqueness(draft)
        failed: set[str] = set()
        for block in sample.blocks(layout):
            if not block.record_count:
                continue
            result = checker.check(block)
            uniqueness.add(result.staged)
            failed |= _failed(result.rejects, contract.columns)
        failed -= draft.as_text
        if not failed:
            return uniqueness
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
