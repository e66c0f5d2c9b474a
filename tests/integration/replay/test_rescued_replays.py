"""A replay keeps the columns that a file had and the table lacks."""

import pytest

from tests.integration.batch.conftest import publish_all
from tests.integration.replay.rejected_files import Replays

_RESCUE = """
ALTER TABLE hired_employees ADD COLUMN rest jsonb;
SELECT waybill.register_dataset('hired_employees', natural_key => '{{id}}',
    partition_unit => 'year', file_format => '{}', drift => 'rescue', rescued => 'rest')
"""
_HEADER = b"id,name,hire_dt,department_id,job_id,badge\n"
_FILES = {
    "auto": _HEADER + b'1,Ada,never,,,"red, ""big"""\n2,Emmy,2021-01-01T00:00:00Z,,,7\n',
    "json": b'{"id":1,"name":"Ada","hire_dt":"never","badge":{"colour":"red","size":1.50}}\n'
    b'{"id":2,"name":"Emmy","hire_dt":"2021-01-01T00:00:00Z","badge":7}\n',
}


@pytest.mark.parametrize("as_csv", [False, True])
@pytest.mark.parametrize(
    ("form", "kept"),
    [("auto", 'red, "big"'), ("json", {"colour": "red", "size": 1.5})],
)
def test_a_replayed_record_keeps_what_was_rescued(
    replays: Replays, form: str, kept: object, as_csv: bool
) -> None:
    with replays.database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute(_RESCUE.format(form).encode())
    publish_all(replays.cloud, replays.database)
    job = replays.loaded(_FILES[form])
    (reject,) = replays.rejects(job)
    if as_csv:
        text = replays.ask("GET", f"/jobs/{job}/rejects", headers={"Accept": "text/csv"}).text
        body: object = text.replace("never", "2021-01-02T00:00:00Z")
        response = replays.replay(job, body, {"Content-Type": "text/csv"})
    else:
        row = {"_reject_id": reject["reject_id"], "hire_dt": "2021-01-02T00:00:00Z"}
        response = replays.replay(job, {"rows": [row]})
    replays.deliver(response)
    rows = replays.rows("SELECT id, rest -> 'badge' FROM hired_employees ORDER BY id")
    assert rows[0] == (1, kept)
