"""Figures of an archived year stay as they were, and are refreshed before its rows are gone."""

from tests.integration.lake.conftest import Lake

_NOBODY = "00000000-0000-0000-0000-000000000000"


def hires(lake: Lake) -> None:
    """Two hires of 2019, which the views do not have yet."""
    for statement in (
        "INSERT INTO departments VALUES (1, 'Harbour')",
        "INSERT INTO jobs VALUES (1, 'Pilot')",
        "CREATE TABLE hired_employees_2019 PARTITION OF hired_employees"
        " FOR VALUES FROM ('2019-01-01 00:00+00') TO ('2020-01-01 00:00+00')",
        "INSERT INTO hired_employees VALUES (1, 'Ada', '2019-02-03', 1, 1),"
        " (2, 'Bo', '2019-08-09', 1, 1)",
        "UPDATE waybill.datasets SET archive_after = '3 years' WHERE name = 'hired_employees'",
        "INSERT INTO waybill.stale_parts (dataset, part, job_id)"
        f" VALUES ('hired_employees', '2019', '{_NOBODY}')",
    ):
        lake.admin.execute(statement.encode())


def state(lake: Lake) -> str:
    """The state of the year."""
    return str(
        lake.one("SELECT state FROM waybill.archived_partitions WHERE dataset = 'hired_employees'")
    )


def test_figures_of_an_archived_year_stay(lake: Lake) -> None:
    hires(lake)
    (partition,) = lake.due()
    lake.deliver(partition)
    # The view would lose its figures if it was refreshed afterwards.
    assert state(lake) == "WRITTEN"
    assert lake.one("SELECT waybill.refresh_part('hired_employees', '2019')") == "refreshed"
    lake.deliver(partition)
    assert state(lake) == "ARCHIVED"
    figures = "SELECT ARRAY[q1, q2, q3, q4] FROM mv_hires_q WHERE year = 2019"
    assert lake.one(figures) == [1, 0, 1, 0]
    assert lake.one("SELECT count(*) FROM hired_employees") == 0
    lake.one("SELECT waybill.restore_partition('hired_employees', '2019', 30)")
    lake.deliver(partition)
    assert state(lake) == "RESTORED"
    assert lake.one("SELECT waybill.refresh_part('hired_employees', '2019')") == "refreshed"
    assert lake.one(figures) == [1, 0, 1, 0]
    assert lake.one("SELECT count(*) FROM hired_employees_2019") == 2
