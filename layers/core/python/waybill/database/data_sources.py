"""Data sources, as they are kept."""

from typing import Any, NamedTuple
from uuid import UUID

from waybill.database.json_parameters import jsonb
from waybill.database.repository import Repository
from waybill.sources.definition import SourceDefinition

Document = dict[str, Any]


class ListedSource(NamedTuple):
    """A source as the API shows it."""

    name: str
    document: Document


class DeclaredSource(NamedTuple):
    """A source that a file declares."""

    source_id: UUID
    declared_in: str


def _as_it_is(source_id: UUID) -> UUID:
    return source_id


class DataSources(Repository):
    """The data sources."""

    def save(
        self,
        source: SourceDefinition,
        source_id: UUID | None = None,
        declared_in: str | None = None,
    ) -> UUID:
        """Create the source, or change the one of this id; its id.

        Raises:
            Rejected: `unknown-dataset`.
            Conflict: `source-exists`, its name is taken; `source-declared`, a file declares it.
            NotFound: `unknown-source`.
        """
        return self._value(
            _as_it_is,
            "save_source",
            p_source=jsonb(source.model_dump(mode="json")),
            p_id=source_id,
            p_declared_in=declared_in,
        )

    def delete(self, source_id: UUID, declared_in: str | None = None) -> None:
        """Delete the source.

        Raises:
            Conflict: `source-declared`.
            NotFound: `unknown-source`.
        """
        self._do("delete_source", p_id=source_id, p_declared_in=declared_in)

    def get(self, source_id: UUID) -> Document | None:
        """The source as the API shows it."""
        document: Document | None = self._select_value("sources.get_source", source_id=source_id)
        return document

    def list_page(self, *, after: str | None, limit: int) -> list[ListedSource]:
        """Sources by name, after this one."""
        return self._select(ListedSource, "sources.list_sources", after=after, rows=limit)

    def declared(self) -> list[DeclaredSource]:
        """The sources that files declare; read as the owner."""
        return self._select(DeclaredSource, "sources.declared")
