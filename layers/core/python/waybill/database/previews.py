"""What the merge would make of records that are not loaded."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from waybill.database.json_parameters import jsonb
from waybill.database.repository import Repository, transaction
from waybill.database.session import Session

_SECONDS = 5


class MergePreview(NamedTuple):
    """The records that are not only loaded as they are."""

    records: Sequence[Mapping[str, Any]]
    """`line` with `rule`, `errors` or `looked_up`."""
    not_shown: Sequence[str]
    """Rules that would tell what the caller may not read; `checks` are the table's own."""


class Previews(Repository):
    """Previews of merges; nothing is written."""

    def merge(
        self,
        dataset: str,
        layout: Mapping[str, object],
        records: Sequence[object],
        readable: Mapping[str, bool],
    ) -> MergePreview:
        """Apply the rules of the merge.

        Args:
            dataset: the records' own.
            layout: of their file.
            records: `(line, {column: text}, absent columns, raw)` each.
            readable: the datasets that the caller may read, and whether their personal values
                are masked for it.

        Raises:
            Rejected: `unknown-dataset`, or the database refuses the records as a whole.
            Transient: it takes more than five seconds.
        """
        with transaction(self._connection):
            Session(self._connection).limit_transaction(_SECONDS)
            result = self._row(
                MergePreview,
                "preview_merge",
                p_dataset=dataset,
                p_layout=jsonb(dict(layout)),
                p_records=jsonb(list(records)),
                p_readable=jsonb(dict(readable)),
            )
        assert result is not None  # noqa: S101 - the routine returns one row
        return result
