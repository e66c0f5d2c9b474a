"""Processes that look users up, and a writer; the database has short leases."""

import json
from collections.abc import Callable
from typing import Any, TypeVar, cast

from functions.api.lookups.deps import Deps
from functions.api.lookups.look_up import Found, look_up
from tests.postgres.databases import Connection, Database
from tests.sql.analytics.seed import owner
from waybill.cache.entries import Entries
from waybill.cache.leases import Leases
from waybill.cache.store import CacheStore
from waybill.callers import Caller
from waybill.database.batches import Batches, CheckedRows, IdempotencyKey
from waybill.database.datasets import Datasets
from waybill.database.lookups import Lookups
from waybill.http.persistent_connection import PersistentConnection
from waybill.http.personal_reads import PersonalReads, View
from waybill.ids import new_id

T = TypeVar("T")
# Otherwise a machine that writes all the time would be denied the cache that it tests.
_SHORT_LEASES = """
CREATE OR REPLACE FUNCTION waybill.lease_time() RETURNS interval
LANGUAGE sql IMMUTABLE RETURN interval '15 milliseconds';
CREATE OR REPLACE FUNCTION waybill.changes_often(p_dataset text) RETURNS boolean
LANGUAGE sql STABLE RETURN p_dataset IS NULL;
"""
# Ways to break the protocol.
NO_WAIT = """
CREATE OR REPLACE FUNCTION waybill.lease_time() RETURNS interval
LANGUAGE sql IMMUTABLE RETURN interval '1 minute';
CREATE OR REPLACE FUNCTION waybill.await_leases() RETURNS trigger
LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
"""
# Every lease ends meanwhile, so that nothing but the id of the generation is missing.
NO_GENERATION = """
CREATE OR REPLACE FUNCTION waybill.begin_generation(p_dataset text) RETURNS void
LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.05); END';
"""


def shorten_leases(database: Database) -> None:
    """Make leases short."""
    with owner(database) as connection:
        connection.execute(_SHORT_LEASES.encode())


def break_protocol(database: Database, statements: str) -> None:
    """Replace routines of the database by broken ones."""
    with owner(database) as connection:
        connection.execute(statements.encode())


class _Held:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def run(self, query: Callable[[Connection], T]) -> T:
        return query(self._connection)


_VIEW = View(Caller("a-person"), masked=False, has_personal=True)


class Process:
    """One process: its own connection and leases, and a store that it may share."""

    def __init__(self, database: Database, store: CacheStore) -> None:
        self.connection = database.connect("waybill_lookups")
        with owner(database) as connection:
            self._contract = Datasets(connection).contract("users")
        held = cast(PersistentConnection, _Held(self.connection))
        self._deps = Deps(
            held,
            cast(Any, None),
            Entries(store, 300),
            Leases(lambda dataset: Lookups(self.connection).lease_generation(dataset)),
            PersonalReads(held),
            cast(Any, None),
            "",
            "",
        )

    def read(self, user: int) -> Found:
        return look_up(self._deps, self._contract, "cached", {"email": email(user)}, _VIEW)

    def close(self) -> None:
        self.connection.close()


def email(user: int) -> str:
    return f"email{user}@example.com"


def name_of(found: Found) -> int:
    """The number that the user was given as name last; 0 if there is no such user."""
    return int(json.loads(found.item)["name"]) if found.item else 0


def write(connection: Connection, user: int, number: int) -> None:
    """Write the user with a number as name, through the merge; COMPLETED when it returns."""
    row = {"id": str(user), "email": email(user), "name": str(number), "status": "active",
           "created_at": "2026-01-01T00:00:00Z"}  # fmt: skip
    batch = [[0, row, json.dumps(row)]]
    key = IdempotencyKey(str(new_id()), "users", "")
    Batches(connection).begin_write(key, new_id(), CheckedRows(batch), mode="atomic")()
