"""Rules of a dataset hold on the whole path: chunks, late files, pending records."""

import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, pull_next, settle
from tests.postgres.databases import Connection

WARDS = """
CREATE TABLE wards (code text PRIMARY KEY, beds integer NOT NULL);
SELECT waybill.register_dataset('wards', transformation => '{
    "rename": {"Ward Code": "code"},
    "trim": ["code"],
    "lower": ["code"],
    "null_words": {"beds": ["?"]},
    "filter": [{"column": "code", "not_like": "total%"}, {"column": "code", "filled": true}]
}');
CREATE TABLE patients (number integer PRIMARY KEY, ward text REFERENCES wards);
SELECT waybill.register_dataset('patients', transformation => '{
    "trim": ["*"], "lower": ["ward"], "filter": [{"column": "ward", "not_in": ["test"]}]
}');
"""


@pytest.fixture
def hospital(admin: Connection) -> Connection:
    admin.execute(WARDS.encode())
    return admin


def waybill(admin: Connection, filename: str) -> tuple[object, ...]:
    row = admin.execute(
        "SELECT state, read, inserted, updated, unchanged, superseded, filtered, rejected,"
        " pending_reference FROM waybill.ingestion_jobs WHERE filename = %s",
        (filename,),
    ).fetchone()
    assert row is not None
    return tuple(row)


def wards(admin: Connection) -> list[tuple[object, ...]]:
    return admin.execute("SELECT code, beds FROM wards ORDER BY code").fetchall()


def test_a_file_of_many_chunks_keeps_lines_and_counts_what_is_filtered(
    hospital: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHUNK_BYTES", "200")
    lines = ["Ward Code,beds"]
    for number in range(1, 101):
        beds = "?" if number % 10 == 0 else str(number)
        lines += [f'" W{number} ",{beds}', f"TOTAL {number},many"]
    land(cloud, "wards", "w.csv", "".join(f"{line}\n" for line in lines).encode())
    settle(cloud)
    assert waybill(hospital, "w.csv") == ("COMPLETED_WITH_REJECTS", 200, 90, 0, 0, 0, 100, 10, 0)
    ((chunks,),) = hospital.execute("SELECT count(*) FROM waybill.chunks").fetchall()
    assert chunks > 5
    rejects = hospital.execute(
        "SELECT line, convert_from(raw, 'UTF8') FROM waybill.validation_errors ORDER BY line"
    ).fetchall()
    assert rejects == [(20 * n, f'" W{10 * n} ",?') for n in range(1, 11)]
    assert wards(hospital)[0] == ("w1", 1)


def test_a_filtered_record_changes_and_supersedes_nothing(
    hospital: Connection, cloud: Cloud
) -> None:
    land(cloud, "wards", "a.csv", b"code,beds\na,1\nb,2\n", second=1)
    land(cloud, "wards", "b.csv", b"code,beds\nTotal,3\n,4\nA,5\n", second=2)
    settle(cloud)
    assert waybill(hospital, "b.csv") == ("COMPLETED", 3, 0, 1, 0, 0, 2, 0, 0)
    assert wards(hospital) == [("a", 5), ("b", 2)]


def test_a_late_file_changes_no_row_that_a_transformed_file_left_unchanged(
    hospital: Connection, cloud: Cloud
) -> None:
    land(cloud, "wards", "first.csv", b"code,beds\na,1\n", second=1)
    settle(cloud)
    land(cloud, "wards", "last.csv", b"code,beds\n A ,1\nTotal,1\n", second=9)
    settle(cloud)
    assert waybill(hospital, "last.csv") == ("COMPLETED", 2, 0, 0, 1, 0, 1, 0, 0)
    land(cloud, "wards", "late.csv", b"code,beds\nA,7\nB,8\nTotal,2\n", second=5)
    settle(cloud)
    assert wards(hospital) == [("a", 1), ("b", 8)]
    assert waybill(hospital, "last.csv") == ("COMPLETED", 2, 0, 0, 1, 0, 1, 0, 0)


def test_pending_records_are_taken_in_as_they_were_transformed(
    hospital: Connection, cloud: Cloud
) -> None:
    lines = (
        b'{"number": 1, "ward": " W1 "}\n{"number": 2, "ward": "TEST"}\n'
        b'{"number": 3}\n{"number": 4, "ward": "w2"}\n'
    )
    land(cloud, "patients", "p.jsonl", lines, second=1)
    settle(cloud)
    assert waybill(hospital, "p.jsonl") == ("COMPLETED", 4, 1, 0, 0, 0, 1, 0, 2)
    land(cloud, "wards", "w.csv", b"code,beds\nW1,1\nW2,2\n", second=2)
    settle(cloud)
    assert waybill(hospital, "p.jsonl") == ("COMPLETED", 4, 3, 0, 0, 0, 1, 0, 0)
    found = hospital.execute("SELECT number, ward FROM patients ORDER BY number").fetchall()
    assert found == [(1, "w1"), (3, None), (4, "w2")]


def test_rules_that_changed_hold_for_files_that_are_planned_afterwards(
    hospital: Connection, cloud: Cloud
) -> None:
    land(cloud, "wards", "a.csv", b"code,beds\ntotal,1\n", second=1)
    settle(cloud)
    hospital.execute("SELECT waybill.register_dataset('wards')")
    land(cloud, "wards", "b.csv", b"code,beds\ntotal,1\n", second=2)
    settle(cloud)
    assert waybill(hospital, "a.csv")[6] == 1
    assert wards(hospital) == [("total", 1)]


def test_rules_of_a_source_hold_for_what_is_pulled_from_it(
    hospital: Connection, cloud: Cloud
) -> None:
    rules = {
        "rename": {"Places": "beds"},
        "null_words": {"code": ["none"]},
        "filter": [{"column": "beds", "not_in": ["0"]}],
    }
    pull_next(hospital, "wards", rules, "pulled.csv")
    body = b"Ward Code,Places\n A1 ,4\nB2,0\nTOTAL,4\nnone,3\n"
    land(cloud, "wards", "pulled.csv", body)
    land(cloud, "wards", "sent.csv", b"Ward Code,beds\nC3,0\n", second=1)
    settle(cloud)
    assert waybill(hospital, "pulled.csv") == ("COMPLETED", 4, 1, 0, 0, 0, 3, 0, 0)
    assert wards(hospital) == [("a1", 4), ("c3", 0)]
