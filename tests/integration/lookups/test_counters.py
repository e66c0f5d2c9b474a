"""Lookups, reads of the cache and slow statements are counted for GET /metrics."""

import pytest

from tests.integration.lookups.conftest import Get
from waybill import usage
from waybill.metrics import record
from waybill.metrics.catalogue import CACHE_READS, LOOKUPS, SLOW_QUERIES, Metric
from waybill.metrics.registry import Registry

pytestmark = pytest.mark.usefixtures("users")
ROUTE = "/users/{strategy}"


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Counters that begin with the test."""
    counters = Registry()
    monkeypatch.setattr(record, "REGISTRY", counters)
    return counters


def counted(registry: Registry, metric: Metric) -> dict[tuple[str, ...], float]:
    series = (each for each in registry.series() if each.metric is metric)
    return {each.labels: each.value for each in series if each.value}


def test_lookups_are_counted_by_strategy_and_cache_status(get: Get, registry: Registry) -> None:
    for strategy in ("cached", "scan", "cached", "cached", "composite"):
        assert get(f"/users/{strategy}?email=email11@example.com").status == 200
    assert counted(registry, LOOKUPS) == {
        ("users", "cached", "miss"): 1,
        ("users", "cached", "hit"): 2,
        ("users", "scan", "bypass"): 1,
        ("users", "composite", "bypass"): 1,
    }
    assert counted(registry, CACHE_READS) == {(ROUTE, "miss"): 1, (ROUTE, "hit"): 2}


def test_only_slow_statements_are_counted_as_slow(
    get: Get, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "SLOW_SECONDS", 3600.0)
    get("/users/indexed?email=email11@example.com")
    assert counted(registry, SLOW_QUERIES) == {}
    monkeypatch.setattr(usage, "SLOW_SECONDS", 0.0)
    get("/users/indexed?email=email11@example.com")
    # How many statements a request has is not this test's.
    assert list(counted(registry, SLOW_QUERIES)) == [(ROUTE,)]
