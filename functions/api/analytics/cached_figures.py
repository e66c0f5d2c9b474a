"""Figures from the cache, under the version of the data that they were read from."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeVar

from functions.api.analytics.deps import Deps
from functions.api.analytics.models import DepartmentsAboveAverage, HiresByQuarter
from waybill.cache.entries import Key
from waybill.database.analytics import Analytics, FiguresVersion
from waybill.database.repository import Connection
from waybill.http.etags import weak_etag

T = TypeVar("T")
FiguresT = TypeVar("FiguresT", HiresByQuarter, DepartmentsAboveAverage)
# Both endpoints read this family; `mv_dept_mean` is a view of it.
_FAMILY = "mv_hires_q"


class Reads(Protocol):
    """Runs a query at the writer, or at a reader."""

    def run(self, query: Callable[[Connection], T], /) -> T:
        """Run a query that only reads."""


class FiguresQuery(NamedTuple):
    """The query parameters of the figures."""

    endpoint: str
    year: int
    others: Mapping[str, str | int | None]

    @property
    def parameters(self) -> Mapping[str, str | int | None]:
        """All that the figures depend on beside the data."""
        return {"year": self.year, **self.others}


def current_version(deps: Deps, reads: Reads, query: FiguresQuery) -> FiguresVersion:
    """The version of the year's figures; a query of one row."""
    found = reads.run(lambda connection: Analytics(connection).figures_version(_FAMILY, query.year))
    # Changes that Waybill did not make itself are noticed when entries would expire.
    bucket = int(time.time() // deps.ttl_seconds)
    return found._replace(version=f"{found.version}.{bucket}")


def etag_of(query: FiguresQuery, version: FiguresVersion) -> str:
    """The tag of the response."""
    return weak_etag(query.endpoint, query.parameters, version.version)


def cached_figures(
    deps: Deps,
    query: FiguresQuery,
    version: FiguresVersion,
    model: type[FiguresT],
    read: Callable[[], FiguresT],
) -> FiguresT:
    """The figures of this version or a later one, read by `read` if they are not cached."""
    fresh: list[FiguresT] = []

    def load() -> str:
        fresh.append(read())
        return fresh[0].model_dump_json()

    key = Key(f"analytics:{query.endpoint}", query.parameters, audience="all")
    cached = deps.entries.read(key, version.version, load)
    if fresh:
        return fresh[0]
    figures = model.model_validate_json(cached.value or "")
    # The same figures, now known to be current at a later time.
    return figures.model_copy(update={"as_of": version.as_of})
