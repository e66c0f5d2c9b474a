"""Which changes begin a generation, and that its id never comes again."""

import time

import pytest

from tests.integration.lookups.processes import Process, name_of, shorten_leases, write
from tests.postgres.databases import Connection, Database
from tests.sql.analytics.seed import owner
from waybill.cache.in_process import InProcessStore

HARBOURS = """
    CREATE TABLE harbours (code text PRIMARY KEY);
    CREATE TABLE quays (
        code text PRIMARY KEY, harbour text REFERENCES harbours {action});
    CREATE TABLE cranes (
        code text, quay text REFERENCES quays {action}, built date NOT NULL,
        PRIMARY KEY (code, built)
    ) PARTITION BY RANGE (built);
    CREATE TABLE cranes_2026 PARTITION OF cranes FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    SELECT waybill.register_dataset('harbours');
    SELECT waybill.register_dataset('cranes');
"""


def generations(connection: Connection) -> dict[str, int]:
    """How many generations each dataset has begun."""
    found = connection.execute("SELECT dataset, generation FROM waybill.data_generations")
    return dict(found.fetchall())


@pytest.mark.parametrize(
    ("action", "changed"),
    [
        ("", {"harbours": 1}),
        ("ON DELETE RESTRICT", {"harbours": 1}),
        ("ON DELETE CASCADE", {"cranes": 1, "harbours": 1}),
        ("ON DELETE SET NULL", {"cranes": 1, "harbours": 1}),
        ("ON UPDATE CASCADE", {"cranes": 1, "harbours": 1}),
    ],
)
def test_a_change_counts_for_every_dataset_that_foreign_keys_carry_it_to(
    database: Database, action: str, changed: dict[str, int]
) -> None:
    with owner(database) as connection:
        connection.execute(HARBOURS.format(action=action).encode())
        connection.execute("SELECT waybill.begin_generation('harbours')")
        assert generations(connection) == changed
        connection.execute("SELECT waybill.begin_generation('cranes')")
        assert generations(connection) == {**changed, "cranes": changed.get("cranes", 0) + 1}


def test_a_table_that_refers_to_itself_begins_one_generation(database: Database) -> None:
    with owner(database) as connection:
        connection.execute(
            b"CREATE TABLE parts (id int PRIMARY KEY, part_of int REFERENCES parts"
            b" ON DELETE CASCADE); SELECT waybill.register_dataset('parts')"
        )
        connection.execute("SELECT waybill.begin_generation('parts')")
        assert generations(connection) == {"parts": 1}


def test_a_dataset_that_is_registered_again_begins_a_generation(database: Database) -> None:
    with owner(database) as connection:
        assert generations(connection) == {}
        connection.execute("SELECT waybill.register_dataset('jobs', personal => '{job}')")
        assert generations(connection) == {"jobs": 1}


def test_a_cache_that_outlives_a_restore_serves_no_row_of_the_lost_time(
    database: Database,
) -> None:
    shorten_leases(database)
    process = Process(database, InProcessStore())
    with database.connect("api") as writer, owner(database) as connection:
        write(writer, 1, 1)
        connection.execute("CREATE TEMP TABLE backup AS TABLE waybill.data_generations")
        write(writer, 1, 2)
        assert name_of(process.read(1)) == 2
        connection.execute(
            b"DELETE FROM waybill.data_changes; DELETE FROM waybill.data_generations;"
            b"INSERT INTO waybill.data_generations TABLE backup"
        )
        time.sleep(0.05)
        write(writer, 1, 3)
        assert generations(connection) == {"users": 2}
        assert name_of(process.read(1)) == 3
    process.close()


def test_a_dataset_that_is_registered_anew_has_another_generation(database: Database) -> None:
    ids = set()
    with owner(database) as connection:
        for _ in range(2):
            connection.execute("SELECT waybill.begin_generation('jobs')")
            found = connection.execute(
                "DELETE FROM waybill.data_generations RETURNING generation, generation_id"
            ).fetchone()
            assert found
            assert found[0] == 1
            ids.add(found[1])
            connection.execute("DELETE FROM waybill.data_changes")
    assert len(ids) == 2
