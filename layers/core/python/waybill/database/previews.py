"""What the merge would make of records that are not loaded."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from waybill.contract.model import Contract
from waybill.database.json_parameters import jsonb
from waybill.database.repository import Repository, transaction
from waybill.database.session import Session

_SECONDS = 5


class MergePreview(NamedTuple):
    """The records that are not only loaded as they are."""

    records: Sequence[Mapping[str, Any]]
    """`line` with `rule`, `errors`, `waits` or `added`."""
    not_shown: Sequence[str]
    """Rules, `checks` of the table, `references` and `keys` that would tell what the caller may
    not read."""


class StagedFile(NamedTuple):
    """The first records of a file, as they would be staged."""

    dataset: str
    source: str | None
    """Whose rules are applied too."""
    layout: Mapping[str, object]
    records: Sequence[object]
    """`(line, {column: text}, absent columns, raw)` each."""


class Previews(Repository):
    """Previews of merges; nothing is written."""

    def contract(self, dataset: str, source: str) -> Contract:
        """The contract that files of a source are loaded with.

        Raises:
            NotFound: `unknown-source`, also for one of another dataset.
        """
        return self._value(
            Contract.model_validate, "preview_contract", p_dataset=dataset, p_source=source
        )

    def merge(
        self, file: StagedFile, readable: Mapping[str, bool], *, with_rows: bool
    ) -> MergePreview:
        """Apply the rules of the merge.

        Args:
            file: its first records.
            readable: the datasets that the caller may read, and whether their personal values
                are masked for it.
            with_rows: whether parents and keys are looked for among the rows that are there.

        Raises:
            Rejected: `unknown-dataset`, or the database refuses the records as a whole.
            Transient: it takes more than five seconds.
        """
        with transaction(self._connection):
            Session(self._connection).limit_transaction(_SECONDS)
            result = self._row(
                MergePreview,
                "preview_merge",
                p_dataset=file.dataset,
                p_source=file.source,
                p_layout=jsonb(dict(file.layout)),
                p_records=jsonb(list(file.records)),
                p_readable=jsonb(dict(readable)),
                p_with_rows=with_rows,
            )
        assert result is not None  # noqa: S101 - the routine returns one row
        return result
