"""A replay applies the rules of the dataset again, to the values that the file had."""

import pytest

from tests.integration.replay.rejected_files import Replays

RULES = """
SELECT waybill.register_dataset('hired_employees', natural_key => '{id}',
    partition_unit => 'year', transformation => '{
        "trim": ["name"], "upper": ["name"],
        "filter": [{"column": "name", "not_like": "TEST%"}]}')
"""


@pytest.fixture
def ruled(replays: Replays) -> Replays:
    with replays.database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute(RULES.encode())
    return replays


def test_corrected_records_are_transformed_or_filtered(ruled: Replays) -> None:
    job = ruled.loaded(b'1," ada ",never,,\n2,test it,2021-01-01T00:00:00Z,,\n3,emmy,never,,\n')
    first, second = ruled.rejects(job)
    assert (first["line"], first["values"]["name"]) == (1, " ada ")
    replay = ruled.deliver(
        ruled.replay(
            job,
            {
                "rows": [
                    {"_reject_id": first["reject_id"], "hire_dt": "2021-01-02T00:00:00Z"},
                    {"_reject_id": second["reject_id"], "name": "Tester"},
                ]
            },
        )
    )
    assert ruled.employees() == [(1, "ADA", "2021-01-02")]
    waybill = ruled.ask("GET", f"/jobs/{replay}").json()["waybill"]
    assert (waybill["read"], waybill["inserted"], waybill["filtered"]) == (2, 1, 1)
    assert ruled.ask("GET", f"/jobs/{job}").json()["rejects_remaining"] == 0
