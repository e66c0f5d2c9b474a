"""A database that compares text as a language does, as Aurora's do unless told otherwise.

The local stack and the other tests compare by code point. A result that depends on the default
order of text is right under one of them only.
"""

from psycopg import errors, sql

from infra.local.bootstrap import Connection, bootstrap
from tests.postgres.databases import PASSWORD, Database

NAME = "waybill_linguistic"
LOCALE = "en_US.UTF-8"


def create_linguistic(superuser: Connection) -> None:
    """Create the database, unless the machine has no such locale."""
    create = sql.SQL("CREATE DATABASE {} TEMPLATE template0 LOCALE_PROVIDER libc LOCALE {}")
    try:
        superuser.execute(create.format(sql.Identifier(NAME), sql.Literal(LOCALE)))
    except errors.WrongObjectType:
        return
    bootstrap(superuser, PASSWORD, NAME)


def linguistic(server: Database) -> Database | None:
    """The database, without migrations; None where the machine has no such locale."""
    with server.connect() as admin:
        found = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (NAME,)).fetchone()
    return Database(server.port, NAME) if found else None
