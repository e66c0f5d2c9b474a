"""Valid records: one row per key, missing parents are awaited, repeated files change nothing."""

from pathlib import Path

import psycopg
import pytest

from infra.local.samples import DATASETS, write_samples
from infra.local.status import Status
from tests.e2e.client_calls import counted, ended, figures, load
from waybill_client import Waybill

pytestmark = pytest.mark.e2e


def test_the_later_line_of_a_key_wins(waybill: Waybill, tmp_path: Path, stack: Status) -> None:
    job = load(waybill, tmp_path, "departments", "9201,One\n9202,Two\n9201,Uno\n9201,Eins\n")
    assert counted(job) == {"read": 4, "inserted": 2, "superseded": 2}
    with psycopg.connect(str(stack.database_url)) as database:
        found = database.execute("SELECT department FROM departments WHERE id = 9201")
        assert found.fetchall() == [("Eins",)]


def test_a_pending_record_is_loaded_when_its_parent_arrives(
    waybill: Waybill, tmp_path: Path
) -> None:
    child = "9211,Ada,2032-05-01T10:00:00Z,9212,\n"
    job = load(waybill, tmp_path, "hired_employees", child)
    assert counted(job) == {"read": 1, "pending_reference": 1}
    parent = load(waybill, tmp_path, "departments", "9212,Late\n")
    # The figures include a job once what waited for it is in.
    figures(waybill, 2032, parent)
    assert counted(waybill.job(job["job_id"])) == {"read": 1, "inserted": 1}


def test_three_files_at_once_employees_first_then_again(waybill: Waybill, tmp_path: Path) -> None:
    files = {file.stem: file for file in write_samples(tmp_path)}
    ids = {name: waybill.upload(name, files[name]) for name in reversed(DATASETS)}
    first = {name: counted(ended(waybill, job_id)) for name, job_id in ids.items()}
    figures(waybill, 2021, ids["departments"])
    people = counted(waybill.job(ids["hired_employees"]))
    assert people["read"] == 2000
    assert "pending_reference" not in people
    assert (first["departments"]["read"], first["jobs"]["read"]) == (12, 48)
    for name in DATASETS:
        again = load(waybill, tmp_path, name, files[name].read_bytes())
        seen = counted(again)
        assert {"inserted", "updated"}.isdisjoint(seen)
        assert seen["unchanged"] + seen.get("rejected", 0) == seen["read"]


def test_a_changed_date_moves_the_row_to_its_year(
    waybill: Waybill, tmp_path: Path, stack: Status
) -> None:
    load(waybill, tmp_path, "hired_employees", "9221,Ada,2033-12-31T23:30:00Z,,\n")
    moved = load(waybill, tmp_path, "hired_employees", "9221,Ada,2033-12-31T23:30:00-01:00,,\n")
    assert counted(moved) == {"read": 1, "updated": 1}
    with psycopg.connect(str(stack.database_url)) as database:
        found = database.execute(
            "SELECT tableoid::regclass::text FROM hired_employees WHERE id = 9221"
        ).fetchall()
    assert found == [("hired_employees_2034",)]
