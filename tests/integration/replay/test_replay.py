"""Rejects are downloaded as CSV or JSON, corrected and replayed until none remain."""

import csv
import io

import pytest

from tests.integration.replay.rejected_files import CSV, Replays


def test_a_csv_is_corrected_and_replayed_until_no_rejects_remain(replays: Replays) -> None:
    job = replays.loaded()
    text = replays.ask("GET", f"/jobs/{job}/rejects", headers={"Accept": "text/csv"}).text
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [line["name"] for line in lines] == ['\'=Grace "H"', "", "Alan Turing"]
    lines[0]["hire_dt"] = " 2021-02-28T09:00:00Z "
    lines[2]["id"] = "still no number"
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, lines[0].keys())
    writer.writeheader()
    writer.writerows([lines[0], lines[2]])
    replay = replays.deliver(replays.replay(job, out.getvalue(), CSV))
    assert replays.employees()[1:] == [(2, '=Grace "H"', "2021-02-28")]
    reported = replays.ask("GET", f"/jobs/{replay}").json()
    assert (reported["source"]["kind"], reported["parent_job_id"]) == ("replay", job)
    assert (reported["waybill"]["inserted"], reported["waybill"]["rejected"]) == (1, 1)
    assert replays.ask("GET", f"/jobs/{job}").json()["rejects_remaining"] == 2

    (again,) = replays.rejects(replay)
    row = {"_reject_id": again["reject_id"], "id": 4}
    replays.deliver(replays.replay(replay, {"rows": [row]}))
    (left,) = replays.rejects(job)
    row = {"_reject_id": left["reject_id"], "name": "Emmy", "job_id": None}
    replays.deliver(replays.replay(job, {"rows": [row]}))
    assert [line[0] for line in replays.employees()] == [1, 2, 3, 4]
    assert replays.ask("GET", f"/jobs/{job}").json()["rejects_remaining"] == 0


def test_rows_of_a_later_file_stay(replays: Replays) -> None:
    job = replays.loaded(b"id,name,hire_dt,department_id,job_id\n1,Early,no date,,\n")
    replays.loaded(b"1,Late,2022-01-01T00:00:00Z,,\n", "b.csv", 30)
    (reject,) = replays.rejects(job)
    row = {"_reject_id": reject["reject_id"], "hire_dt": "2021-01-01T00:00:00Z"}
    replay = replays.deliver(replays.replay(job, {"rows": [row]}))
    assert replays.employees() == [(1, "Late", "2022-01-01")]
    assert replays.ask("GET", f"/jobs/{replay}").json()["waybill"]["superseded"] == 1


@pytest.mark.parametrize("as_csv", [False, True])
def test_columns_that_the_file_lacked_keep_their_values(replays: Replays, as_csv: bool) -> None:
    replays.rows("INSERT INTO departments VALUES (7, 'Research') RETURNING id")
    replays.loaded(b"id,name,hire_dt,department_id,job_id\n1,Ada,2021-01-01T00:00:00Z,7,\n")
    job = replays.loaded(b"id,name,hire_dt\n1,Ada L.,no date\n", "b.csv", 30)
    (reject,) = replays.rejects(job)
    assert reject["values"] == {"id": "1", "name": "Ada L.", "hire_dt": "no date"}
    row = {"_reject_id": reject["reject_id"], "hire_dt": "2021-02-01T00:00:00Z"}
    if as_csv:
        text = replays.ask("GET", f"/jobs/{job}/rejects", headers={"Accept": "text/csv"}).text
        corrected = text.replace("no date", "2021-02-01T00:00:00Z")
        replays.deliver(replays.replay(job, corrected, CSV))
    else:
        replays.deliver(replays.replay(job, {"rows": [row]}))
    assert replays.employees() == [(1, "Ada L.", "2021-02-01")]
    assert replays.rows("SELECT department_id FROM hired_employees") == [(7,)]


def test_a_column_that_the_file_lacked_can_be_corrected_to_null(replays: Replays) -> None:
    replays.rows("INSERT INTO departments VALUES (7, 'Research') RETURNING id")
    replays.loaded(b"id,name,hire_dt,department_id,job_id\n1,Ada,2021-01-01T00:00:00Z,7,\n")
    job = replays.loaded(b"id,name,hire_dt\n1,Ada,no date\n", "b.csv", 30)
    (reject,) = replays.rejects(job)
    row = {"_reject_id": reject["reject_id"], "hire_dt": "2021-02-01T00:00:00Z"}
    replays.deliver(replays.replay(job, {"rows": [{**row, "department_id": None}]}))
    assert replays.rows("SELECT department_id FROM hired_employees") == [(None,)]


def test_a_blank_correction_is_read_and_rejected_again(replays: Replays) -> None:
    job = replays.loaded(b"id,name,hire_dt,department_id,job_id\nx,,,,\n")
    (reject,) = replays.rejects(job)
    row = {"_reject_id": reject["reject_id"], "id": None}
    replay = replays.deliver(replays.replay(job, {"rows": [row]}))
    waybill = replays.ask("GET", f"/jobs/{replay}").json()["waybill"]
    assert (waybill["read"], waybill["rejected"]) == (1, 1)
    assert replays.ask("GET", f"/jobs/{job}").json()["rejects_remaining"] == 1
