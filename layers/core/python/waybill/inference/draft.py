"""The proposal while it is made: the structure, and the type of each column."""

from waybill.contract.model import Contract, Format, Transformation
from waybill.inference.column_evidence import ColumnEvidence
from waybill.inference.readings import Reading, column_of
from waybill.inference.structure import Structure
from waybill.records.layout import Layout

# A file of fewer records proves little about the next one.
_ENOUGH_RECORDS = 10


class Draft:
    """Types by column."""

    def __init__(
        self,
        name: str,
        structure: Structure,
        layout: Layout,
        evidence: list[ColumnEvidence],
        is_complete: bool,
    ) -> None:
        self.name = name
        self.structure = structure
        self.layout = layout
        self.is_complete = is_complete
        self.columns = structure.columns
        self.evidence = dict(zip(self.columns, evidence, strict=True))
        self.as_text: set[str] = set()
        """Columns whose type did not read every value."""

    @property
    def records(self) -> int:
        """Records that were parsed."""
        return max(each.records for each in self.evidence.values())

    def reading(self, column: str) -> Reading:
        """The type of the column, and its format."""
        return Reading("text") if column in self.as_text else self.evidence[column].reading

    def nulls(self, column: str) -> int:
        """Records without a value of the column."""
        evidence = self.evidence[column]
        if self.reading(column).kind == "text":
            return evidence.nulls - evidence.empty_texts
        return evidence.nulls + sum(evidence.words[word] for word in self.null_words(column))

    def null_words(self, column: str) -> list[str]:
        """Texts that mean null in the column."""
        return [] if column in self.as_text else self.evidence[column].null_words

    def is_required(self, column: str) -> bool:
        """Whether every record of the whole file has a value."""
        return self.is_complete and self.records >= _ENOUGH_RECORDS and not self.nulls(column)

    @property
    def formats(self) -> dict[str, Format]:
        """Formats by column, without the default ones."""
        readings = {column: self.reading(column).format for column in self.columns}
        return {column: form for column, form in readings.items() if form is not None}

    @property
    def words(self) -> dict[str, tuple[str, ...]]:
        """Words for null by column."""
        found = {column: tuple(self.null_words(column)) for column in self.columns}
        return {column: words for column, words in found.items() if words}

    def contract(self) -> Contract:
        """The contract of the proposal, without a key."""
        columns = [
            column_of(name, self.reading(name), nullable=not self.is_required(name))
            for name in self.columns
        ]
        return self.structure.contract(self.name, columns).model_copy(
            update={
                "formats": self.formats,
                "transformation": Transformation(null_words=self.words),
            }
        )
