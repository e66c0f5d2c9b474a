"""Look up a row by one strategy of its dataset, or by all of them."""

import time
from collections.abc import Mapping
from typing import NamedTuple

from functions.api.lookups.deps import Deps
from functions.api.lookups.models import CacheStatus
from waybill.cache.entries import Key
from waybill.contract.model import Contract
from waybill.database.lookups import ExplainedRow, Lookups


class Found(NamedTuple):
    """A row as JSON, and the cost of finding it."""

    item: str | None
    strategy: str
    explained: ExplainedRow | None
    """None if the row was cached."""
    seconds: float
    cache_status: CacheStatus
    db_queries: int


def look_up(deps: Deps, contract: Contract, strategy: str, values: Mapping[str, str]) -> Found:
    """Look up a row by a strategy of the contract.

    Raises:
        Rejected: `data-refused`, a value is not of its column's type.
        Retryable: the database.
    """
    started = time.perf_counter()
    if contract.lookups[strategy].cached:
        item, explained, status, queries = _cached(deps, contract, strategy, values)
    else:
        explained = _query(deps, contract, strategy, values)
        item, status, queries = explained.item, "bypass", 1
    seconds = time.perf_counter() - started
    return Found(item, strategy, explained, seconds, status, queries)


def _cached(
    deps: Deps, contract: Contract, strategy: str, values: Mapping[str, str]
) -> tuple[str | None, ExplainedRow | None, CacheStatus, int]:
    lease = deps.leases.current(contract.name)
    if lease.generation is None:
        row = _query(deps, contract, strategy, values)
        return row.item, row, "bypass", lease.queries + 1
    rows: list[ExplainedRow] = []

    def load() -> str | None:
        rows.append(_query(deps, contract, strategy, values))
        return rows[0].item

    subject = f"{contract.name}:{','.join(sorted(values))}"
    key = Key(subject, {"strategy": strategy, "values": values}, audience="all")
    version = f"{contract.version}.{lease.generation}"
    cached = deps.entries.read(key, version, load)
    row_or_none = rows[0] if rows else None
    return cached.value, row_or_none, "hit" if cached.hit else "miss", lease.queries + len(rows)


def _query(
    deps: Deps, contract: Contract, strategy: str, values: Mapping[str, str]
) -> ExplainedRow:
    return deps.database.run(
        lambda connection: Lookups(connection).look_up(contract.name, strategy, values)
    )
