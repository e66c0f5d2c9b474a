"""The proposal of a finished draft: key, partitions and the dataset file."""

from typing import NamedTuple

from waybill.inference.draft import Draft
from waybill.inference.keys import Candidate, Uniqueness, is_key_name
from waybill.inference.model import (
    Inferred,
    InferredColumn,
    KeyCandidate,
    PartitionCandidate,
)
from waybill.inference.render import render

_MOST_CANDIDATES = 10
_LARGE_RECORDS = 100_000
_YEARS = range(1700, 2300)


class Checked(NamedTuple):
    """What was found while all records were read with the proposed types."""

    uniqueness: Uniqueness
    records: int
    rejected: int


def propose(draft: Draft, checked: Checked) -> Inferred:
    """The proposal, with its dataset file."""
    uniqueness = checked.uniqueness
    found = uniqueness.candidates()[:_MOST_CANDIDATES]
    key = next((each for each in found if _is_proposed(each, draft)), None)
    partition = _partition(draft, uniqueness)
    required = {*(key.columns if key else ()), *_proposed_partition(partition)}
    structure, layout = draft.structure, draft.layout
    proposal = Inferred(
        name=draft.name,
        sql="",
        file_format=layout.file_format,
        compression=layout.compression,
        encoding=None if layout.is_binary else layout.encoding,
        delimiter=structure.delimiter,
        quote=structure.quoting.quote if structure.delimiter else None,
        escape=structure.quoting.escape,
        escape_codes=structure.quoting.escape_codes,
        header=structure.header,
        columns=[
            _column(draft, name, source, is_required=name in required)
            for name, source in zip(draft.columns, structure.names, strict=True)
        ],
        keys=[
            KeyCandidate(columns=list(each.columns), records=each.records, proposed=each is key)
            for each in found
        ],
        partition=partition,
        records=checked.records,
        rejected=checked.rejected,
        complete=draft.is_complete,
        notes=[*structure.notes, *layout.warnings],
    )
    return proposal.model_copy(update={"sql": render(proposal, structure)})


def _is_proposed(candidate: Candidate, draft: Draft) -> bool:
    """Whether the names suggest a key, too; one record says nothing."""
    first = draft.columns[0]
    if candidate.records < 2:
        return False
    if len(candidate.columns) > 1:
        return all(map(is_key_name, candidate.columns))
    (name,) = candidate.columns
    return is_key_name(name) or (name == first and draft.reading(name).kind in ("int4", "int8"))


def _partition(draft: Draft, uniqueness: Uniqueness) -> PartitionCandidate | None:
    """The first time that every record has, if it spans several partitions."""
    for name, (first, last) in uniqueness.times.items():
        years = last // 12 - first // 12 + 1
        if first // 12 not in _YEARS or last // 12 not in _YEARS or first == last:
            continue
        return PartitionCandidate(
            column=name,
            unit="year" if years > 1 else "month",
            partitions=years if years > 1 else last - first + 1,
            proposed=draft.records >= _LARGE_RECORDS,
        )
    return None


def _proposed_partition(partition: PartitionCandidate | None) -> tuple[str, ...]:
    return (partition.column,) if partition and partition.proposed else ()


def _column(draft: Draft, name: str, source: str | None, *, is_required: bool) -> InferredColumn:
    reading = draft.reading(name)
    notes = draft.evidence[name].notes()
    if name in draft.as_text:
        notes.append(f"text, since not every value is {draft.evidence[name].reading.sql_type}")
    return InferredColumn(
        name=name,
        source=source,
        type=reading.sql_type,
        required=is_required or draft.is_required(name),
        nulls=draft.nulls(name),
        null_words=draft.null_words(name),
        format=reading.format,
        evidence=notes,
    )
