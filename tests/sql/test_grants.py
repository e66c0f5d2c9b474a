"""Each function's role may do what its code calls, and nothing else."""

import re
from collections.abc import Mapping

import pytest

from infra.functions import ADMIN_ROLE, DATABASE_ROLES, FUNCTIONS
from tests.postgres.databases import Connection, Database
from tests.sql.calls import Call, calls_of, copied_tables, texts_of
from waybill.database.queries import query_text

_BY_ROLE = {spec.role: spec for spec in FUNCTIONS.values() if spec.role and spec.role != ADMIN_ROLE}
# What only functions of the release before call: they run until they are replaced, and after a
# roll-back. To be removed with the next release.
_CALLED_BEFORE = {
    "waybill_load": {"chunk_state", "stop_archiving"},
    "waybill_jobs": {"revert_job"},
    "waybill_batch": {"merge_batch", "get_idempotent_response"},
}
_SCHEMAS = "'{waybill, public}'::regnamespace[]"


def routines(connection: Connection) -> set[str]:
    rows = connection.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'waybill'::regnamespace"
    )
    return {name for (name,) in rows}


def relations(connection: Connection) -> dict[str, str]:
    """Tables and views as a query may write them → their full name."""
    rows = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        f" WHERE c.relnamespace = ANY ({_SCHEMAS}) AND c.relkind IN ('r', 'p', 'v', 'm')".encode()
    ).fetchall()
    return {name: full for schema, table in rows if (full := f"{schema}.{table}")
            for name in ([full, table] if schema == "public" else [full])}  # fmt: skip


def used_by_view(connection: Connection, view: str) -> set[str]:
    """The routines of a view: a view's tables are read as its owner, but its functions run as
    whoever asks."""
    rows = connection.execute(
        "SELECT DISTINCT p.proname FROM pg_depend AS d"
        " JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass"
        " JOIN pg_proc AS p ON p.oid = d.refobjid AND d.refclassid = 'pg_proc'::regclass"
        " WHERE r.ev_class = %s::regclass",
        (view,),
    )
    return {name for (name,) in rows}


def called(connection: Connection, package: str) -> set[str]:
    """What the function calls: `routine` or `schema.table`."""
    known, tables = routines(connection), relations(connection)
    found = copied_tables(package)
    for call in calls_of(package):
        for text in texts_of(call):
            if text in known:
                found.add(text)
            elif re.fullmatch(r"[a-z]+\.[a-z_]+", text):
                found |= _of_query(query_text(text).decode(), known, tables)
    # The source of a family's view is read by its refresh, never by a query.
    for view in [name for name in found if name.startswith("waybill.")]:
        found |= used_by_view(connection, view)
    return found


def _of_query(text: str, known: set[str], tables: Mapping[str, str]) -> set[str]:
    code = re.sub(r"--.*|'[^']*'", "", text)
    words = re.findall(r"(?:FROM|JOIN|,)\s+([a-z_.]+)", code)
    calls = set(re.findall(r"waybill\.([a-z_]+)\s*\(", code)) & known
    return calls | {tables[word] for word in words if word in tables}


def granted(connection: Connection, role: str) -> set[str]:
    """What is granted to the role itself: `routine` or `schema.table`."""
    rows = connection.execute(
        "SELECT p.proname FROM pg_proc AS p, aclexplode(p.proacl) AS a"
        " WHERE a.grantee = %(role)s::regrole"
        " UNION SELECT format('%%s.%%s', n.nspname, c.relname) FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " LEFT JOIN pg_attribute AS t ON t.attrelid = c.oid,"
        " aclexplode(c.relacl || t.attacl) AS a WHERE a.grantee = %(role)s::regrole"
        " UNION SELECT n.nspname FROM pg_namespace AS n, aclexplode(n.nspacl) AS a"
        " WHERE a.grantee = %(role)s::regrole AND n.nspname = 'staging'",
        {"role": role},
    )
    return {name for (name,) in rows}


@pytest.mark.parametrize("role", _BY_ROLE)
def test_a_role_may_do_what_its_function_calls(template_database: Database, role: str) -> None:
    with template_database.connect() as admin:
        calls = called(admin, _BY_ROLE[role].package) | _CALLED_BEFORE.get(role, set())
        assert granted(admin, role) == calls


def test_the_page_defines_the_roles_that_functions_connect_as(template_database: Database) -> None:
    # Roles belong to the server, whose other databases may be of an older release: what counts
    # is who may do something in this one.
    with template_database.connect() as admin:
        roles = admin.execute(
            "SELECT DISTINCT r.rolname FROM pg_shdepend AS d"
            " JOIN pg_roles AS r ON r.oid = d.refobjid"
            " WHERE d.refclassid = 'pg_authid'::regclass AND r.rolname LIKE 'waybill\\_%'"
            " AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND r.rolname NOT IN ('waybill_admin', 'waybill_owner')"
        ).fetchall()
    assert {name for (name,) in roles} == set(DATABASE_ROLES)


def test_no_role_of_a_function_is_a_member_of_another(template_database: Database) -> None:
    with template_database.connect() as admin:
        members = admin.execute(
            "SELECT member::regrole::text FROM pg_auth_members"
            " WHERE member::regrole::text = ANY (%s)",
            (list(DATABASE_ROLES),),
        ).fetchall()
    assert members == []


def test_health_reads_no_table(template_database: Database) -> None:
    with template_database.connect() as admin:
        readable = admin.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm')"
            f" AND relnamespace = ANY ({_SCHEMAS})"
            " AND has_any_column_privilege('waybill_health', oid, 'SELECT')".encode()
        ).fetchall()
    assert readable == []


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("pipeline.merge", Call("Merges", "merge")),
        ("pipeline.load", Call("Runs", "start")),
        ("api.jobs", Call("Jobs", "cancel")),
        ("api.analytics", Call("Analytics", "by_quarter")),
    ],
)
def test_calls_are_found(package: str, call: Call) -> None:
    assert call in calls_of(package)
    assert call not in calls_of("api.health")
