"""A partition begins and ends at midnight in UTC."""

from tests.sql.staging import Ledger


def test_first_and_last_instants_of_a_year_are_in_its_partition(ledger: Ledger) -> None:
    instants = ["2020-12-31T23:59:59.999999Z", "2021-01-01T00:00:00Z"]
    for number, instant in enumerate(instants):
        job = ledger.load("hired_employees", number, [(number, "N", instant, None, None)])
        assert ledger.waybill(job) == {"read": 1, "inserted": 1}
        assert not ledger.row_by_row(job)
    assert ledger.rows("SELECT tableoid::regclass::text, id FROM hired_employees ORDER BY id") == [
        ("hired_employees_2020", 0),
        ("hired_employees_2021", 1),
    ]
    assert ledger.rows("SELECT DISTINCT part FROM waybill.stale_parts ORDER BY part") == [
        ("2020",),
        ("2021",),
    ]
