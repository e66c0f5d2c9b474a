"""The structure of Parquet, Arrow and Excel files."""

from typing import Any, NamedTuple

from waybill.binary.layout import describe_file
from waybill.binary.sheet_layout import sheet_text
from waybill.binary.task import BinaryFormat
from waybill.errors import Rejected
from waybill.inference.file_sample import WHOLE_ELSEWHERE, FileSample
from waybill.inference.model import Header
from waybill.inference.readings import declared_type
from waybill.inference.structure import Structure
from waybill.inference.table_structure import MOST_COLUMNS, sheet_structure, too_many
from waybill.records.head import Head

_NO_CONTRACT = Structure(is_json=False).contract("inferred", ())


class DescribedFile(NamedTuple):
    """A binary file and what it says of itself."""

    file_format: BinaryFormat
    description: dict[str, Any]

    def structure(self, header: Header | None) -> Structure:
        """The structure, with the types that Parquet and Arrow files declare.

        Raises:
            Rejected: `empty-file` or `too-many-columns`.
        """
        if self.file_format == "xlsx":
            return self._sheet(header)
        columns = self.description["columns"]
        if not columns:
            raise Rejected("empty-file", "The file has no columns.")
        if len(columns) > MOST_COLUMNS:
            raise too_many(len(columns))
        return Structure(
            is_json=False,
            names=tuple(name for name, _ in columns),
            declared=tuple(
                declared_type(kind, sql_type)
                for (_, kind), sql_type in zip(columns, self.description["sql_types"], strict=True)
            ),
        )

    def _sheet(self, header: Header | None) -> Structure:
        rows = self.description["rows"]
        sheet = self.description["sheet"]
        if not rows:
            raise Rejected("empty-file", f"The sheet {sheet!r} has no cells.")
        text, skipped = sheet_text(rows, max(len(cells) for _, cells in rows))
        table = sheet_structure(Head(text, "utf-8", whole=True), header, skipped)
        others = self.description["other_sheets"]
        note = f"sheet: {sheet!r}" + (f"; others are {_listed(others)}" if others else "")
        return Structure.of_table(table, (note,))


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)


def describe_sample(sample: FileSample, file_format: BinaryFormat) -> DescribedFile:
    """The file's description.

    Raises:
        Rejected: `whole-file-needed`, the sample is not the whole file; or it cannot be read.
    """
    if sample.source is None:
        detail = (
            f"A dataset can be inferred from a whole file of this format only ({file_format}): a"
            f" request takes one of at most 4 MiB, and {WHOLE_ELSEWHERE}"
        )
        raise Rejected("whole-file-needed", detail)
    return DescribedFile(file_format, describe_file(sample.source, file_format, _NO_CONTRACT))
