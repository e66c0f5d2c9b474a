"""Shows records of a file before and after the rules of their dataset, by the loader's own code."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import numpy as np

from functions.api.batch.preview_models import Outcome, Preview, PreviewedRecord, RecordError
from waybill.binary.layout import binary_layout
from waybill.binary.reading import read_binary
from waybill.binary.recognise import binary_format, refuse_beginning
from waybill.binary.source import Source, pieces
from waybill.columns.cells import postgres_text
from waybill.columns.check import BlockResult, Checker
from waybill.columns.json_text import json_objects
from waybill.columns.raw import record_bytes
from waybill.columns.records import Records
from waybill.columns.stage import ABSENT, LINE, RAW
from waybill.contract.drift import Drift
from waybill.contract.model import Contract
from waybill.exact_json import parse_json
from waybill.http.pagination import MAX_PAGE_BYTES, document_size
from waybill.masking import MASK
from waybill.records.block import Block, limited
from waybill.records.chunking import ChunkRange
from waybill.records.compression import Limits
from waybill.records.layout import Layout
from waybill.records.reading import read_records
from waybill.records.sniffer import sniff_layout

T = TypeVar("T")
SHOWN_RECORDS = 20
HEAD_BYTES = 4 * 1024 * 1024
"""Of which the layout is told."""
# What a file unpacks to is not kept, but is read up to the last record shown.
_LIMITS = Limits(256 * 1024 * 1024, 200)
_SHOWN_CHARACTERS = 1000


class Sample(NamedTuple):
    """A file, or the beginning of one, and how it is encoded if the file does not tell."""

    source: Source
    delimiter: str | None = None
    encoding: str | None = None
    whole: bool = True


class StagedRecord(NamedTuple):
    """A record as the loader would stage it."""

    line: int
    fields: dict[str, str | None]
    """In PostgreSQL's own format, by column."""
    absent: Sequence[str] | None
    """Columns that the record lacks, where records say so."""
    raw: str | None


class Shown(NamedTuple):
    """The first records of a sample."""

    contract: Contract
    layout: Layout
    drift: Sequence[Drift]
    records: Sequence[PreviewedRecord]
    staged: Sequence[StagedRecord]
    """Those of the records that are neither filtered nor rejected."""
    source: str | None = None
    """Whose rules were applied too."""
    is_cut: bool = False
    """More of the records do not fit into a response."""
    not_shown: Sequence[str] = ()
    warnings: Sequence[str] = ()

    def response(self, *, masked: bool) -> Preview:
        """What is shown; with `masked` without the personal values of the dataset."""
        personal = frozenset(self.contract.personal) if masked else frozenset()
        # The merge may have added values.
        records, is_cut = _fitting(
            (_without(personal, each) if personal else each for each in self.records),
            lambda record: record,
        )
        cut = f"Only {len(records)} records are shown; more do not fit into a response."
        return Preview(
            columns=list(self.layout.columns),
            records=records,
            not_shown=list(self.not_shown),
            warnings=[
                *self.layout.warnings,
                *self.warnings,
                *([cut] if is_cut or self.is_cut else ()),
            ],
            drift=list(self.drift),
        )


def preview_records(contract: Contract, sample: Sample) -> Shown:
    """The first 20 records after the rules that the loader applies, and how the file differs.

    Fewer if they do not fit into a response.

    Raises:
        Rejected: the sample is not a file that the contract describes, or `whole-file-needed`.
    """
    layout = _layout(contract, sample)
    checker = Checker(contract, layout, 0)
    shown = (
        record
        for block in _blocks(contract, layout, sample)
        for part in limited(block, SHOWN_RECORDS)
        if part.record_count
        for record in _preview(checker, layout, part)
    )
    records, is_cut = _fitting(islice(shown, SHOWN_RECORDS), lambda record: record[0])
    # The records that are not shown may have what these lack.
    added = [each for each in checker.drift or () if each.change == "added"]
    staged = [each for _, each in records if each is not None]
    previewed = [each for each, _ in records]
    drift = (*layout.drift, *added)
    return Shown(contract, layout, drift, previewed, staged, is_cut=is_cut)


def _fitting(
    records: Iterable[T], document: Callable[[T], PreviewedRecord]
) -> tuple[list[T], bool]:
    """The first records that fit into a response, and whether there are more."""
    fitting: list[T] = []
    size = 0
    for record in records:
        size += document_size(document(record))
        if size > MAX_PAGE_BYTES:
            return fitting, True
        fitting.append(record)
    return fitting, False


def _layout(contract: Contract, sample: Sample) -> Layout:
    source = sample.source
    head = source.read(0, min(source.size, HEAD_BYTES))
    if not sample.whole:
        refuse_beginning(head)
    if file_format := binary_format(head, source if sample.whole else None):
        return binary_layout(source, file_format, contract)
    return sniff_layout(
        head,
        contract,
        whole=sample.whole and len(head) == source.size,
        delimiter=sample.delimiter,
        encoding=sample.encoding,
    )


def _blocks(contract: Contract, layout: Layout, sample: Sample) -> Iterator[Block]:
    source = sample.source
    if layout.is_binary:
        part = ChunkRange(0, source.size, layout.first_line)
        return read_binary(source, layout, contract, part, _LIMITS)
    begin = 0 if layout.is_stream else layout.data_offset
    data = pieces(source, begin, source.size)
    return read_records(data, layout, layout.first_line, limits=_LIMITS, is_cut=not sample.whole)


def _without(personal: frozenset[str], record: PreviewedRecord) -> PreviewedRecord:
    def mask(values: dict[str, Any] | None) -> dict[str, Any] | None:
        return values and {
            name: MASK if name in personal and value is not None else value
            for name, value in values.items()
        }

    before, after = mask(record.before), mask(record.after)
    return record.model_copy(update={"raw": MASK, "before": before, "after": after})


def _preview(
    checker: Checker, layout: Layout, block: Block
) -> Iterator[tuple[PreviewedRecord, StagedRecord | None]]:
    records, result = checker.check_and_keep(block)
    raw = record_bytes(block, np.arange(block.record_count)).to_pylist()
    before, after, errors = _before(records, layout), _after(result, layout), _errors(result)
    staged = _staged(result, layout)
    for line, text in zip(block.lines.tolist(), raw, strict=True):
        outcome: Outcome = (
            "rejected" if line in errors else "loaded" if line in after else "filtered"
        )
        shown = PreviewedRecord(
            line=line,
            raw=text.decode(errors="replace")[:_SHOWN_CHARACTERS],
            outcome=outcome,
            rule="filter" if outcome == "filtered" else None,
            before=before.get(line),
            after=after.get(line),
            errors=errors.get(line, []),
        )
        yield shown, staged.get(line)


def _before(records: Records, layout: Layout) -> dict[int, dict[str, str | None]]:
    """The texts of each record that could be parsed, by line."""
    if not len(records.valid):
        return {}
    texts = json_objects(list(zip(layout.columns, records.texts, strict=True))).to_pylist()
    lines = records.block.lines[records.valid].tolist()
    return {line: parse_json(text) for line, text in zip(lines, texts, strict=True)}


def _after(result: BlockResult, layout: Layout) -> dict[int, dict[str, object]]:
    """The typed values of each record that would be staged, by line."""
    return {
        row[LINE]: {name: row[name] for name in layout.columns} for row in result.staged.to_pylist()
    }


def _staged(result: BlockResult, layout: Layout) -> dict[int, StagedRecord]:
    """Each record that would be staged, by line."""
    batch = result.staged
    staged = batch.schema.names
    texts = [postgres_text(batch.column(name)).to_pylist() for name in layout.columns]
    count = batch.num_rows
    absent = batch.column(ABSENT).to_pylist() if ABSENT in staged else [None] * count
    raw = batch.column(RAW).to_pylist() if RAW in staged else [None] * count
    return {
        line: StagedRecord(
            line,
            {name: text[row] for name, text in zip(layout.columns, texts, strict=True)},
            names and parse_json(names),
            raw[row],
        )
        for row, (line, names) in enumerate(
            zip(batch.column(LINE).to_pylist(), absent, strict=True)
        )
    }


def _errors(result: BlockResult) -> dict[int, list[RecordError]]:
    return {
        row["line"]: [RecordError.model_validate(error) for error in parse_json(row["errors"])]
        for batch in result.rejects
        for row in batch.to_pylist()
    }
