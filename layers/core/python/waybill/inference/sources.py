"""The structure that all files of an archive have, or why there is none."""

from collections.abc import Sequence
from typing import NamedTuple

from waybill.errors import Rejected
from waybill.inference.file_sample import FileSample
from waybill.inference.model import Header
from waybill.inference.quoting import STANDARD
from waybill.inference.source_file import SourceFile
from waybill.inference.structure import Structure
from waybill.records.column_names import normalise

_SHOWN_KINDS, _SHOWN_FILES, _SHOWN_COLUMNS, _SHOWN_CHARACTERS = 5, 3, 8, 40


class Sources(NamedTuple):
    """Files that one dataset takes, and the structure of all of them."""

    files: list[SourceFile]
    structure: Structure

    @property
    def nested(self) -> frozenset[str]:
        """Keys of JSON records with lists or objects."""
        return frozenset().union(*(file.nested for file in self.files))

    @property
    def is_complete(self) -> bool:
        """Whether the last reading reached the end of every file."""
        return all(file.sample.is_complete for file in self.files)


def read_sources(samples: Sequence[FileSample], header: Header | None) -> Sources:
    """The files, with the structure that they share.

    Raises:
        Rejected: a file alone cannot be read, or `unsupported-file`: several make no one dataset.
    """
    if len(samples) == 1:
        file = SourceFile.of(samples[0], header)
        return Sources([file], _noted(samples, file.structure))
    files: list[SourceFile] = []
    kinds: dict[str, list[str]] = {}
    for sample in samples:
        try:
            file = SourceFile.of(sample, header)
        except Rejected as error:
            kinds.setdefault(f"refused, {error}", []).append(sample.member.name)
            continue
        files.append(file)
        kinds.setdefault(_kind(file), []).append(sample.member.name)
    largest = _largest(files)
    if len(files) == len(samples) and largest is not None:
        return Sources(files, _noted(samples, largest))
    raise Rejected("unsupported-file", _differences(kinds, len(samples)))


def _noted(samples: Sequence[FileSample], structure: Structure) -> Structure:
    notes = [note for sample in samples for note in sample.member.notes]
    return structure._replace(notes=(*notes, *structure.notes))


def _largest(files: Sequence[SourceFile]) -> Structure | None:
    """The structure of all the files; None if they differ.

    Records of JSON may lack fields, so of those the one that has the fields of all others.
    """
    if not files:
        return None
    largest = max(files, key=lambda file: len(file.structure.names))
    if not largest.structure.is_json:
        return largest.structure if len(set(map(_signature, files))) == 1 else None
    is_same = all(
        file.structure.is_json
        and file.structure.encoding == largest.structure.encoding
        and set(file.structure.names) <= set(largest.structure.names)
        for file in files
    )
    return largest.structure if is_same else None


def _signature(file: SourceFile) -> tuple[object, ...]:
    """What must be equal: the fields in any order if they have names."""
    structure = file.structure
    declared = structure.declared or (None,) * len(structure.names)
    fields = sorted(
        (normalise(name or ""), str(kind))
        for name, kind in zip(structure.names, declared, strict=True)
    )
    marks = (structure.delimiter, structure.quoting)
    return file.form, marks, structure.header, structure.encoding, tuple(fields)


def _kind(file: SourceFile) -> str:
    """What a reader may compare with the others."""
    structure = file.structure
    declared = structure.declared or (None,) * len(structure.names)
    fields = [
        f"{(name or 'unnamed')[:_SHOWN_CHARACTERS]!r}" + (f" {kind.name}" if kind else "")
        for name, kind in zip(structure.names, declared, strict=True)
    ]
    more = f" and {len(fields) - _SHOWN_COLUMNS} more" if len(fields) > _SHOWN_COLUMNS else ""
    form = file.form
    if structure.delimiter:
        form += f" split at {structure.delimiter!r}"
    if structure.quoting != STANDARD:
        form += f" with {structure.quoting}"
    if structure.encoding:
        form += f" in {structure.encoding}"
    return f"{form} with {', '.join(fields[:_SHOWN_COLUMNS])}{more}"


def _differences(kinds: dict[str, list[str]], count: int) -> str:
    shown = [f"{_names(names)}: {kind}" for kind, names in list(kinds.items())[:_SHOWN_KINDS]]
    left = len(kinds) - len(shown)
    more = f"; and {left} other kinds" if left else ""
    return (
        f"The archive's {count} files make no one dataset: {'; '.join(shown)}{more}. "
        "Send one file of each kind."
    )


def _names(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:_SHOWN_FILES]))
    left = len(names) - _SHOWN_FILES
    return f"{shown} and {left} more" if left > 0 else shown
