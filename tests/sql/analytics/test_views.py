"""The content of the views, and the privileges on them."""

from pathlib import Path

import pytest
from psycopg import errors, sql

from tests.postgres.databases import Connection, Database
from tests.sql.analytics.seed import add_year, hire, mark, owner, refresh, seed

YEAR_2021 = [
    (1, 1, 2, 1, 1, 0),
    (2, 1, 0, 0, 0, 1),
    (2, 2, 0, 0, 1, 0),
    (3, 3, 0, 1, 0, 0),
    (3, None, 1, 0, 0, 0),
    (4, 1, 0, 1, 0, 0),
    (5, 2, 0, 0, 0, 1),
    (None, 1, 1, 0, 0, 0),
    (None, None, 0, 0, 0, 1),
]
ROWS = (
    "SELECT department_id, job_id, q1, q2, q3, q4 FROM mv_hires_q WHERE year = 2021 ORDER BY 1, 2"
)


def test_counts_fall_into_the_year_and_quarter_of_utc(reader: Connection) -> None:
    assert reader.execute(ROWS).fetchall() == YEAR_2021
    years = reader.execute("SELECT year, sum(q1 + q2 + q3 + q4) FROM mv_hires_q GROUP BY 1")
    assert sorted(years.fetchall()) == [(2020, 1), (2021, 12), (2022, 1)]


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
def test_the_time_zone_of_the_session_moves_no_row(database: Database, zone: str) -> None:
    with owner(database) as connection:
        connection.execute(sql.SQL("SET timezone TO {}").format(zone))
        seed(connection)
    with database.connect("waybill_refresh") as connection:
        connection.execute(sql.SQL("SET timezone TO {}").format(zone))
        assert refresh(connection, "2021") == "refreshed"
        made = connection.execute("SHOW timezone").fetchone()
        assert made == (zone,)
    with owner(database) as connection:
        mark(connection, "2021")
    with (
        database.connect("waybill_refresh") as connection,
        database.connect("waybill_analytics") as reader,
    ):
        reader.execute(sql.SQL("SET timezone TO {}").format(zone))
        assert reader.execute(ROWS).fetchall() == YEAR_2021
        connection.execute(sql.SQL("SET timezone TO {}").format(zone))
        assert refresh(connection, "2021") == "refreshed"
        assert reader.execute(ROWS).fetchall() == YEAR_2021


def test_before_any_year_the_views_are_empty(database: Database) -> None:
    with database.connect("waybill_analytics") as reader:
        assert reader.execute("SELECT * FROM mv_hires_q WHERE year = 2021").fetchall() == []
        assert reader.execute("SELECT * FROM mv_dept_mean WHERE year = 2021").fetchall() == []


def test_a_new_year_joins_the_view(company: Database) -> None:
    with owner(company) as connection:
        add_year(connection, 2019)
        hire(connection, 99, "2019-07-01T00:00:00Z", 1, 1)
        mark(connection, "2019")
    with company.connect("waybill_refresh") as connection:
        assert refresh(connection, "2019") == "refreshed"
    with company.connect("waybill_analytics") as reader:
        rows = reader.execute("SELECT * FROM mv_hires_q WHERE year < 2021").fetchall()
        assert rows == [(2019, 1, 1, 0, 0, 1, 0), (2020, 1, 1, 0, 0, 0, 1)]


def test_a_row_that_left_a_year_leaves_its_view(company: Database) -> None:
    with owner(company) as connection:
        connection.execute("DELETE FROM hired_employees WHERE id = 1")
        mark(connection, "2020")
    with company.connect("waybill_refresh") as connection:
        assert refresh(connection, "2020") == "refreshed"
    with company.connect("waybill_analytics") as reader:
        assert reader.execute("SELECT * FROM mv_hires_q WHERE year = 2020").fetchall() == []


def test_means_are_over_hiring_and_over_all_departments(reader: Connection) -> None:
    rows = reader.execute(
        "SELECT department_id, hired, mean_hiring::float8, mean_all::float8"
        " FROM mv_dept_mean WHERE year = 2021 ORDER BY 1"
    ).fetchall()
    hired = {1: 4, 2: 2, 3: 2, 4: 1, 5: 1}
    assert rows == [(number, count, 2.0, pytest.approx(10 / 6)) for number, count in hired.items()]


def test_a_changed_source_makes_every_part_stale(company: Database) -> None:
    again = (
        "SELECT waybill.register_view_family('mv_hires_q', 'hired_employees',"
        " 'waybill.mv_hires_q_between', '{department_id, job_id}')"
    )
    with owner(company) as connection:
        connection.execute(again.encode())
        stale = "SELECT part FROM waybill.stale_parts ORDER BY part"
        assert connection.execute(stale.encode()).fetchall() == []
        connection.execute("ALTER FUNCTION waybill.mv_hires_q_between COST 200")
        connection.execute(again.encode())
        assert connection.execute(stale.encode()).fetchall() == [("2020",), ("2021",), ("2022",)]


def test_the_age_of_a_new_family_is_unknown_until_refreshed(company: Database) -> None:
    source = Path(__file__).parents[3] / "sql" / "views" / "mv_hires_q.sql"
    query = b"SELECT waybill.as_of('mv_hires_q', '2021')"
    with owner(company) as connection, company.connect("waybill_refresh") as refresher:
        connection.execute("SELECT waybill.drop_view_family('mv_hires_q')")
        gone = connection.execute("SELECT relname FROM pg_class WHERE relname LIKE 'mv\\_%'")
        assert gone.fetchall() == []
        connection.execute(source.read_bytes())
        assert connection.execute(query).fetchone() == (None,)
        assert refresh(refresher, "2021") == "refreshed"
        assert connection.execute(query).fetchone() != (None,)
        assert connection.execute(ROWS.encode()).fetchall() == YEAR_2021


@pytest.mark.parametrize(
    ("part", "lower", "upper"),
    [
        ("2021", "2021-01-01 00:00:00+00", "2022-01-01 00:00:00+00"),
        ("0999", "0999-01-01 00:00:00+00", "1000-01-01 00:00:00+00"),
        ("2020-02", "2020-02-01 00:00:00+00", "2020-03-01 00:00:00+00"),
        ("2021-03-28", "2021-03-28 00:00:00+00", "2021-03-29 00:00:00+00"),
        ("", "-infinity", "infinity"),
    ],
)
def test_bounds_of_a_part(database: Database, part: str, lower: str, upper: str) -> None:
    with owner(database) as connection:
        connection.execute("SET timezone TO 'Europe/Madrid'")
        inside = connection.execute(
            "SELECT b.lower = %s::timestamptz, b.upper = %s::timestamptz"
            " FROM waybill.part_bounds(%s) AS b",
            (lower, upper, part),
        ).fetchone()
        assert inside == (True, True)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("waybill_analytics", "SELECT waybill.refresh_part('hired_employees', '2021')"),
        ("waybill_analytics", "SELECT waybill.stale_views()"),
        ("waybill_analytics", "SELECT * FROM mv_hires_q_2021"),
        ("waybill_analytics", "DELETE FROM waybill.stale_parts"),
        ("waybill_analytics", "INSERT INTO departments VALUES (7, 'x')"),
        ("waybill_analytics", "REFRESH MATERIALIZED VIEW mv_hires_q_2021"),
        ("waybill_refresh", "SELECT * FROM hired_employees"),
        ("waybill_refresh", "SELECT * FROM mv_hires_q"),
        ("waybill_refresh", "DELETE FROM waybill.stale_parts"),
        ("waybill_refresh", "REFRESH MATERIALIZED VIEW mv_hires_q_2021"),
        ("waybill_refresh", "DROP MATERIALIZED VIEW mv_hires_q_2021"),
        ("pipeline", "SELECT waybill.refresh_part('hired_employees', '2021')"),
        ("api", "SELECT waybill.settled_jobs('{}')"),
        (
            "waybill_refresh",
            "SELECT waybill.register_view_family('x', 'jobs', 'pg_catalog.now', '{id}')",
        ),
    ],
)
def test_roles_have_only_the_privileges_they_need(
    company: Database, role: str, statement: str
) -> None:
    with company.connect(role) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement.encode())
