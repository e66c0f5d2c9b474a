"""What a crash of the server leaves in a database."""

from tests.postgres.databases import Connection


def empty_unlogged_tables(admin: Connection) -> None:
    """Empty the tables that a crash empties."""
    admin.execute("SET ROLE waybill_owner")
    for (name,) in admin.execute(
        "SELECT c.oid::regclass::text FROM pg_class AS c"
        " WHERE relpersistence = 'u' AND relkind = 'r'"
    ).fetchall():
        admin.execute(f"TRUNCATE {name}".encode())
    admin.execute("RESET ROLE")
