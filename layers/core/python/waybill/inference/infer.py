"""Infer a dataset: read the file as text, choose types, then read it again with them."""

import json
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from waybill.columns.check import Checker
from waybill.columns.check_result import Array
from waybill.contract.model import Column, Contract
from waybill.errors import Rejected
from waybill.inference.archive_members import files_of
from waybill.inference.column_evidence import ColumnEvidence, SheetEvidence
from waybill.inference.draft import Draft
from waybill.inference.file_sample import FileSample
from waybill.inference.keys import Uniqueness
from waybill.inference.model import Header, Inferred
from waybill.inference.names import identifier
from waybill.inference.proposal import Checked, propose
from waybill.inference.readings import Reading, column_of
from waybill.inference.sources import Sources, read_sources
from waybill.records.block import Block
from waybill.records.layout import Layout

_NAME_LENGTH = 63


def infer_dataset(sample: FileSample, name: str, *, header: Header | None = None) -> Inferred:
    """Propose a dataset that the file loads into.

    The readers and checks are the loader's. What was proposed has read every record that was
    read, but for those that no contract could.

    Raises:
        Rejected: why the loader could not read the file with any contract.
        BadRequest: `bad-encoding`.
    """
    with files_of(sample) as samples:
        return _infer(read_sources(samples, header), _dataset_name(name))


def _infer(sources: Sources, dataset: str) -> Inferred:
    structure = sources.structure
    columns = list(map(column_of, structure.columns, _first_readings(sources)))
    evidence = _gather(sources, structure.contract(dataset, columns))
    layout = sources.files[0].layout(structure.contract(dataset, columns))
    draft = Draft(dataset, structure, layout, evidence, sources.is_complete)
    return propose(draft, _verify(sources, draft))


def _first_readings(sources: Sources) -> list[Reading]:
    """How the columns are read to learn about them: as what the file declares, or as text."""
    structure, nested = sources.structure, sources.nested
    if structure.declared:
        return [declared.reading for declared in structure.declared]
    return [Reading("jsonb" if source in nested else "text") for source in structure.names]


def _dataset_name(name: str) -> str:
    made = identifier(name.rsplit("/", maxsplit=1)[-1].split(".", maxsplit=1)[0], "dataset")
    plain = "".join(char if char.isascii() else "_" for char in made)
    return plain[:_NAME_LENGTH]


def _gather(sources: Sources, contract: Contract) -> list[ColumnEvidence]:
    """What every column of the contract has.

    Raises:
        Rejected: `empty-file`, no record tells anything.
    """
    evidence = _no_evidence(sources, contract)
    refused: list[str] = []
    for layout, checker, block in _blocks(sources, contract):
        position = {name: at for at, name in enumerate(layout.columns)}
        records, result = checker.check_and_keep(block)
        refused = refused or _first_error(result.rejects)
        for each, column in zip(evidence, contract.columns, strict=True):
            at = position.get(column.name)
            count = len(records.valid)
            each.add(pa.nulls(count, pa.string()) if at is None else records.texts[at])
    found = [each.fitting if isinstance(each, SheetEvidence) else each for each in evidence]
    # Parquet and Arrow declare types, which no record has to tell.
    are_declared = bool(sources.structure.declared) and not refused
    if not are_declared and not any(each.records for each in found):
        why = f"; the first is rejected: {refused[0]}" if refused else ""
        raise Rejected("empty-file", f"The file has no records that tell the types{why}.")
    return found


def _blocks(sources: Sources, contract: Contract) -> Iterator[tuple[Layout, Checker, Block]]:
    """The records of every file, with its layout and a checker."""
    for file in sources.files:
        layout = file.layout(contract)
        checker = Checker(contract, layout, 0)
        for block in file.sample.blocks(layout, contract):
            if block.record_count:
                yield layout, checker, block


def _first_error(rejects: Iterable[Array]) -> list[str]:
    """Why the first record is rejected, if one is."""
    for batch in rejects:
        for errors in batch.column("errors").to_pylist():
            return [error["message"] for error in json.loads(errors)]
    return []


def _no_evidence(sources: Sources, contract: Contract) -> Sequence[ColumnEvidence | SheetEvidence]:
    if sources.files[0].form == "xlsx":
        return [SheetEvidence.empty() for _ in contract.columns]
    declared = sources.structure.declared or (None,) * len(contract.columns)
    return [
        ColumnEvidence(is_json=column.kind == "jsonb", declared=each)
        for column, each in zip(contract.columns, declared, strict=True)
    ]


def _verify(sources: Sources, draft: Draft) -> Checked:
    """Read the files with the proposed types; a column that they do not fit becomes text."""
    while True:
        contract = draft.contract()
        uniqueness = Uniqueness(draft)
        records = rejected = 0
        failed: set[str] = set()
        for _, checker, block in _blocks(sources, contract):
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
