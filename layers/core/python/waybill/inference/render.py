"""Writes a proposal as a dataset file, with the evidence as comments."""

import json
from collections.abc import Iterator, Sequence

from waybill.inference.model import Inferred, InferredColumn, KeyCandidate
from waybill.inference.names import literal, quoted
from waybill.inference.quoting import STANDARD, Quoting
from waybill.inference.structure import Structure

_LINE = 96


def render(proposal: Inferred, structure: Structure) -> str:
    """The file for `sql/datasets/`."""
    lines = [*_comments(_about(proposal)), *_table(proposal), ""]
    lines += [*_comments(_key_notes(proposal)), *_registration(proposal, structure)]
    return "\n".join(lines) + "\n"


def _comments(texts: Iterator[str], indent: str = "") -> Iterator[str]:
    """Comment lines; whatever a text has, it stays a comment."""
    for text in texts:
        plain = "".join(char if char.isprintable() else "?" for char in text)
        line = f"{indent}--"
        for word in plain.split(" "):
            if len(line) + len(word) >= _LINE and line.strip() != "--":
                yield line
                line = f"{indent}--  "
            line += f" {word}"
        yield line.rstrip()


def _about(proposal: Inferred) -> Iterator[str]:
    extent = "the whole file" if proposal.complete else "the beginning of the file"
    form = filter(None, (proposal.file_format, proposal.compression, proposal.encoding))
    yield f"Proposed from {proposal.records} records, {extent}: {', '.join(form)}."
    if proposal.rejected:
        yield f"{proposal.rejected} records are malformed and become rejects in any dataset."
    yield from (f"{note[:1].upper()}{note[1:]}." for note in proposal.notes)


def _table(proposal: Inferred) -> Iterator[str]:
    yield f"CREATE TABLE {quoted(proposal.name)} ("
    key = _key(proposal)
    partition = _partition(proposal)
    primary = [*key, *([partition] if key and partition and partition not in key else [])]
    for at, column in enumerate(proposal.columns, 1):
        yield from _comments(_column_notes(column), "    ")
        comma = "," if primary or at < len(proposal.columns) else ""
        not_null = " NOT NULL" if column.required else ""
        yield f"    {quoted(column.name)} {column.type}{not_null}{comma}"
    if primary:
        yield f"    PRIMARY KEY ({', '.join(map(quoted, primary))})"
    yield f") PARTITION BY RANGE ({quoted(partition)});" if partition else ");"


def _column_notes(column: InferredColumn) -> Iterator[str]:
    source = f"{json.dumps(column.source, ensure_ascii=False)}: " if column.source else ""
    yield source + "; ".join(column.evidence) + "."


def _key(proposal: Inferred) -> list[str]:
    return next((each.columns for each in proposal.keys if each.proposed), [])


def _partition(proposal: Inferred) -> str | None:
    found = proposal.partition
    return found.column if found and found.proposed else None


def _key_notes(proposal: Inferred) -> Iterator[str]:
    if not proposal.keys:
        yield "Key: no column and no pair of columns differs in all records; rows are appended."
    for each in proposal.keys:
        if each.proposed:
            yield f"Key: {_names(each)} differs in all of {each.records} records."
    others = [each for each in proposal.keys if not each.proposed]
    if others:
        listed = ", ".join(map(_names, others))
        count = others[0].records
        yield f"Differ in all of {count} records, but are not named like a key: {listed}."
    found = proposal.partition
    if found:
        possible = "is" if found.proposed else "could be"
        yield (
            f"Partitions: the table {possible} partitioned by {found.unit} of"
            f" {quoted(found.column)}, which spans {found.partitions}."
        )


def _names(key: KeyCandidate) -> str:
    return f"({', '.join(map(quoted, key.columns))})"


def _registration(proposal: Inferred, structure: Structure) -> Iterator[str]:
    arguments = [literal(proposal.name), *_arguments(proposal, structure)]
    yield "SELECT waybill.register_dataset("
    yield ",\n".join(f"    {argument}" for argument in arguments)
    yield ");"


def _arguments(proposal: Inferred, structure: Structure) -> Iterator[str]:
    key, partition = _key(proposal), _partition(proposal)
    if key:
        yield f"natural_key => {_array(key)}"
    if structure.aliases:
        yield f"aliases => {_json(structure.aliases)}"
    if structure.delimiter:
        yield from _dialect(structure.delimiter, structure.quoting)
    if proposal.header:
        yield f"header => {literal(proposal.header)}"
    if proposal.encoding in ("windows-1252", "utf-16-le", "utf-16-be"):
        yield f"encoding => {literal(proposal.encoding)}"
    formats = {
        column.name: column.format.model_dump(exclude_defaults=True)
        for column in proposal.columns
        if column.format
    }
    if formats:
        yield f"formats => {_json(formats)}"
    words = {column.name: column.null_words for column in proposal.columns if column.null_words}
    if words:
        yield f"transformation => {_json({'null_words': words})}"
    if partition and proposal.partition:
        yield f"partition_unit => {literal(proposal.partition.unit)}"


def _dialect(delimiter: str, quoting: Quoting) -> Iterator[str]:
    controls = {"\t": "E'\\t'", "\x01": "E'\\x01'"}
    yield f"delimiter => {controls.get(delimiter) or literal(delimiter)}"
    if quoting.quote != STANDARD.quote:
        yield f"quote => {literal(quoting.quote or 'none')}"
    if quoting.escape:
        yield f"escape => {literal(quoting.escape)}"
    if quoting.escape_codes:
        yield "escape_codes => true"
    if quoting.null_words:
        yield f"null_words => {_array(quoting.null_words)}"


def _json(value: object) -> str:
    return literal(json.dumps(value, ensure_ascii=False))


def _array(names: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(map(literal, names))}]"
