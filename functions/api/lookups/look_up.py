"""Look up a row by one strategy of its dataset, or by all of them."""

import hashlib
import json
import time
from collections.abc import Mapping
from typing import NamedTuple

from functions.api.lookups.deps import Deps
from functions.api.lookups.models import CacheStatus
from waybill.cache.entries import Key
from waybill.contract.model import Contract
from waybill.database.lookups import ExplainedRow, Lookups
from waybill.http.personal_reads import View
from waybill.metrics.catalogue import LOOKUPS
from waybill.metrics.record import count


class Found(NamedTuple):
    """A row as JSON, and the cost of finding it."""

    item: str | None
    strategy: str
    explained: ExplainedRow | None
    """None if the row was cached."""
    seconds: float
    cache_status: CacheStatus
    db_queries: int


class _Query(NamedTuple):
    contract: Contract
    strategy: str
    values: Mapping[str, str]
    view: View


def look_up(
    deps: Deps, contract: Contract, strategy: str, values: Mapping[str, str], view: View
) -> Found:
    """Look up a row by a strategy of the contract, as the caller may see it.

    Raises:
        Rejected: `data-refused`, a value is not of its column's type.
        Retryable: the database.
    """
    started = time.perf_counter()
    deps.personal_reads.record_coalesced(view, contract.name, "lookups")
    query = _Query(contract, strategy, values, view)
    if contract.lookups[strategy].cached:
        item, explained, status, queries = _cached(deps, query)
    else:
        explained = _read(deps, query)
        item, status, queries = explained.item, "bypass", 1
    count(LOOKUPS, dataset=contract.name, strategy=strategy, cache_status=status)
    seconds = time.perf_counter() - started
    return Found(item, strategy, explained, seconds, status, queries)


def _cached(deps: Deps, query: _Query) -> tuple[str | None, ExplainedRow | None, CacheStatus, int]:
    contract, strategy, values, view = query
    lease = deps.leases.current(contract.name)
    if lease.generation is None:
        row = _read(deps, query)
        return row.item, row, "bypass", lease.queries + 1
    rows: list[ExplainedRow] = []

    def load() -> str | None:
        rows.append(_read(deps, query))
        return rows[0].item

    subject = f"{contract.name}:{','.join(sorted(values))}"
    # Entries keep their keys, and a value that is searched by may be personal.
    parts = {"strategy": strategy, "values": _digest(values)}
    key = Key(subject, parts, audience="masked" if view.masked else "all")
    version = f"{contract.version}.{lease.generation}"
    cached = deps.entries.read(key, version, load)
    row_or_none = rows[0] if rows else None
    return cached.value, row_or_none, "hit" if cached.hit else "miss", lease.queries + len(rows)


def _digest(values: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _read(deps: Deps, query: _Query) -> ExplainedRow:
    return deps.database.run(
        lambda connection: Lookups(connection).look_up(
            query.contract.name, query.strategy, query.values, masked=query.view.masked
        )
    )
