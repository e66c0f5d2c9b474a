"""Functions at full concurrency find a connection, and all of them together fit the server."""

import ast
from pathlib import Path

import pytest

from infra.concurrency import reserved_concurrency
from infra.environments import ENVIRONMENTS, Environment
from infra.functions import ADMIN_ROLE, FUNCTIONS, FunctionSpec
from tests.postgres.databases import Database

_FUNCTIONS = Path(__file__).parents[2] / "functions"
_OF_THE_LIMITED_ROLES = [
    spec for spec in FUNCTIONS.values() if spec.role and spec.role != ADMIN_ROLE
]
_DEPLOYED = [known for known in ENVIRONMENTS.values() if not known.is_local]
# `max_connections` of Aurora Serverless v2 is set by the largest capacity; AWS documents 189 for
# 1 unit, 823 for 4, 1,669 for 8 and 3,360 for 16.
_CONNECTIONS_PER_UNIT = 189
# With a least capacity of 0 or 0.5 units it is never more.
_MOST_WITH_SMALL_MINIMUM = 2000
# Of RDS itself and of superusers, `migrate` with its parallel session, and a person at psql.
_OTHERS = 20


def limits(database: Database) -> dict[str, int]:
    """The connection limit of each role of a function."""
    with database.connect() as admin:
        rows = admin.execute(
            "SELECT rolname, rolconnlimit FROM pg_roles WHERE rolname = ANY (%s)",
            ([spec.role for spec in _OF_THE_LIMITED_ROLES],),
        ).fetchall()
    return dict(rows)


def max_connections(environment: Environment) -> int:
    most = int(environment.most_acu * _CONNECTIONS_PER_UNIT)
    return min(most, _MOST_WITH_SMALL_MINIMUM) if environment.least_acu <= 0.5 else most


def connections_opened(spec: FunctionSpec) -> int:
    """Calls in the function's folder that open a connection."""
    folder = _FUNCTIONS / spec.package.replace(".", "/")
    return sum(
        isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in ("connect", "PersistentConnection")
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
    )


@pytest.mark.parametrize("spec", _OF_THE_LIMITED_ROLES, ids=lambda spec: spec.name)
def test_a_function_opens_one_connection(spec: FunctionSpec) -> None:
    # An invocation of `health` opens two, one after the other: with the jobs it checks the log-in,
    # either as such or for `doctor`.
    assert connections_opened(spec) == (3 if spec.name == "health" else 1)


@pytest.mark.parametrize("environment", _DEPLOYED, ids=lambda known: known.name)
def test_a_role_has_a_connection_for_each_invocation(
    template_database: Database, environment: Environment
) -> None:
    reserved = reserved_concurrency(environment)
    assert reserved is not None
    allowed = limits(template_database)
    assert {
        spec.name: (reserved[spec.name], allowed[str(spec.role)])
        for spec in _OF_THE_LIMITED_ROLES
        if reserved[spec.name] > allowed[str(spec.role)]
    } == {}


@pytest.mark.parametrize("environment", _DEPLOYED, ids=lambda known: known.name)
def test_all_roles_together_leave_connections_of_the_server(
    template_database: Database, environment: Environment
) -> None:
    assert sum(limits(template_database).values()) + _OTHERS <= max_connections(environment)
