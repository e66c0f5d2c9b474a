"""Roles of tests that take several functions' steps on one connection.

They own nothing either, and may do what their functions may. What a single function may do is
tested as that function's role.
"""

from psycopg import sql

from tests.postgres.databases import PASSWORD, Connection

PIPELINE = "pipeline"
API = "api"
_MEMBERS = {
    PIPELINE: ("plan", "load", "merge", "publish", "reap"),
    API: ("batch", "jobs"),
}


def create_test_roles(admin: Connection) -> None:
    """Create the roles, once a server; the owner may end their statements, as the functions'."""
    for role, functions in _MEMBERS.items():
        if admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
            continue
        admin.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(role), sql.Literal(PASSWORD)
            )
        )
        for function in functions:
            admin.execute(
                sql.SQL("GRANT {} TO {}").format(
                    sql.Identifier(f"waybill_{function}"), sql.Identifier(role)
                )
            )
        admin.execute(sql.SQL("GRANT {} TO waybill_owner").format(sql.Identifier(role)))
