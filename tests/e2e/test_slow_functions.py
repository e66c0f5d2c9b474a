"""Slow statements, slow requests and failing functions, as an operator sees them."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from infra.constructs.service_alarms import FAILED_INVOCATIONS, SLOW_MS
from infra.constructs.slow_queries import TOLERATED, pattern
from infra.local.postgres import Postgres
from tests.e2e.faults import AT_ONCE, Operator, until, variables

pytestmark = pytest.mark.e2e
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def test_slow_statements(
    operator: Operator,
    server: Postgres,
    admin: psycopg.Connection,
) -> None:
    before = len(server.log.read_text(errors="replace"))
    with variables(operator.aws, "lookups", AT_ONCE), ThreadPoolExecutor(1) as pool:
        for _ in range(TOLERATED):
            with admin.transaction():
                admin.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
                sent = pool.submit(
                    operator.http.get, "/users/scan", params={"email": "a@slow.example"}
                )
                until(lambda: admin.execute(_WAITING).fetchone() != (0,), "nobody waits")
                time.sleep(1.1)
            assert sent.result().status_code in (200, 404)
        name = "waybill_database_slow_queries_total"
        assert operator.metric(name, endpoint="/users/{strategy}") >= TOLERATED
    slow = [line for line in operator.lines("lookups") if line.get("query_time_ms", 0) >= 1000]
    assert len(slow) >= TOLERATED
    # The alarm counts these lines; the emulator does not run the database.
    counted = re.findall(pattern().strip("%"), server.log.read_text(errors="replace")[before:])
    assert len(counted) >= TOLERATED


def test_slow_requests(operator: Operator, admin: psycopg.Connection) -> None:
    with ThreadPoolExecutor(1) as pool:
        with admin.transaction():
            admin.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
            sent = pool.submit(operator.http.get, "/users/scan", params={"email": "b@slow.example"})
            until(lambda: admin.execute(_WAITING).fetchone() != (0,), "nobody waits")
            time.sleep(SLOW_MS / 1000)
        assert sent.result().status_code in (200, 404)
    # As long as the invocation, whose p95 the alarm watches.
    operator.logged("lookups", "http.handled", endpoint="/users/{strategy}")
    longest = max(line.get("duration_ms", 0) for line in operator.lines("lookups"))
    assert longest >= SLOW_MS


def test_a_function_that_fails(operator: Operator) -> None:
    with variables(operator.aws, "merge", {"CHUNKS_AT_ONCE": "many"}):
        for _ in range(FAILED_INVOCATIONS):
            # Each is an error of the function, of which CloudWatch makes its metric.
            failed = operator.aws("lambda").invoke(
                FunctionName="waybill-local-merge", Payload=b'{"Records": []}'
            )
            assert failed["FunctionError"]
    assert "chunks_at_once" in failed["Payload"].read().decode()
