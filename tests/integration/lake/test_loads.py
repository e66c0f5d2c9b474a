"""What happens to files, reverts, erasures and registrations while rows are archived."""

import json

import psycopg
import pytest

from tests.integration.lake.conftest import Lake

LINES = (
    *(f"{n},2019-03-0{n} 00:00:00Z" for n in range(1, 4)),
    "100,2024-01-01 00:00:00Z",
)


@pytest.fixture
def archived(lake: Lake) -> Lake:
    """Ten rows in the lake, and one in the table."""
    lake.fill("2019", 10)
    lake.fill("2024", 1, 100)
    lake.archive()
    assert lake.state() == "ARCHIVED"
    return lake


@pytest.fixture
def loaded(lake: Lake) -> Lake:
    """The same, with rows that a file has brought."""
    lake.load(*LINES)
    lake.archive()
    assert lake.state() == "ARCHIVED"
    return lake


def rejects(lake: Lake) -> list[tuple[int, str, str]]:
    """Line, code and message of each reject."""
    rows = lake.admin.execute("SELECT line, errors FROM waybill.validation_errors ORDER BY line")
    return [(line, errors[0]["code"], errors[0]["message"]) for line, errors in rows.fetchall()]


def test_a_record_of_an_archived_partition_is_rejected_with_the_way_out(archived: Lake) -> None:
    archived.load("50,2019-05-05 00:00:00Z", "51,2024-05-05 00:00:00Z", "100,2019-06-06 00:00:00Z")
    message = (
        "is in a partition that is archived; restore it first: waybill restore-partition kinds 2019"
    )
    assert rejects(archived) == [
        (2, "partition_archived", message),
        (4, "partition_archived", message),
    ]
    assert archived.one("SELECT state FROM waybill.ingestion_jobs") == "COMPLETED_WITH_REJECTS"
    assert archived.one("SELECT array_agg(id ORDER BY id) FROM kinds") == [51, 100]


def test_a_default_partition_takes_no_record_of_an_archived_one(archived: Lake) -> None:
    archived.admin.execute("CREATE TABLE rest PARTITION OF kinds DEFAULT")
    archived.load("50,2019-05-05 00:00:00Z")
    assert [code for _, code, _ in rejects(archived)] == ["partition_archived"]


def test_a_row_of_a_batch_in_an_archived_partition_is_refused(archived: Lake) -> None:
    with pytest.raises(psycopg.Error, match="refused") as caught:
        archived.admin.execute(
            "SELECT waybill.merge_batch(gen_random_uuid(), 'kinds', %s, 'atomic')",
            (json.dumps([[0, {"id": "60", "at": "2019-01-02 00:00:00+00"}, "60"]]),),
        )
    assert caught.value.sqlstate == "WB009"
    assert "waybill restore-partition kinds 2019" in str(caught.value.diag.message_detail)


def test_rejects_are_replayed_after_a_restore(archived: Lake) -> None:
    archived.load("50,2019-05-05 00:00:00Z")
    archived.restore()
    archived.load("50,2019-05-05 00:00:00Z", second=5)
    assert archived.one("SELECT count(*) FROM kinds_2019") == 11


def test_a_restore_never_writes_over_a_row_that_has_come_since(archived: Lake) -> None:
    archived.load("7,2024-05-05 00:00:00Z")
    before = archived.rows()
    archived.restore()
    document = archived.document()
    assert document["state"] == "ARCHIVED"
    assert "(7)" in document["error"]["detail"]
    assert archived.rows() == before
    assert archived.one("SELECT to_regclass('kinds_2019')") is None
    assert len(archived.stored()) == 10
    archived.admin.execute("DELETE FROM kinds WHERE id = 7")
    archived.restore()
    assert archived.state() == "RESTORED"
    assert archived.one("SELECT count(*) FROM kinds") == 11


def test_a_load_whose_rows_are_archived_is_not_reverted(loaded: Lake) -> None:
    job = loaded.one("SELECT job_id FROM waybill.ingestion_jobs")
    with pytest.raises(psycopg.Error, match="touched since") as caught:
        loaded.admin.execute("SELECT waybill.revert_job(%s)", (job,))
    assert caught.value.sqlstate == "WB020"
    conflicts = json.loads(caught.value.diag.message_detail or "")
    assert [one["code"] for one in conflicts] == ["row-archived"]
    assert "waybill restore-partition kinds 2019" in conflicts[0]["message"]
    assert loaded.one("SELECT state FROM waybill.ingestion_jobs") == "COMPLETED"
    loaded.restore()
    loaded.admin.execute("SELECT waybill.revert_job(%s)", (job,))
    assert loaded.one("SELECT count(*) FROM kinds") == 0
    assert loaded.one("SELECT state FROM waybill.ingestion_jobs") == "REVERTED"


def test_a_reverted_load_stays_so_through_archive_and_restore(lake: Lake) -> None:
    lake.fill("2019", 10, 20)
    lake.load(*LINES)
    job = lake.one("SELECT job_id FROM waybill.ingestion_jobs")
    waybill = lake.one("SELECT waybill.revert_job(%s)", job)
    before = lake.rows()
    assert len(before) == 10
    lake.archive()
    assert (lake.state(), lake.rows()) == ("ARCHIVED", [])
    assert sorted(row["id"] for row in lake.stored()) == list(range(20, 30))
    # A second request has the answer of the first and no effect, also after the restore.
    assert lake.one("SELECT waybill.request_revert(%s)", job) == "REVERTED"
    assert lake.one("SELECT waybill.revert_job(%s)", job) == waybill
    lake.restore()
    assert (lake.state(), lake.rows()) == ("RESTORED", before)
    assert lake.one("SELECT waybill.request_revert(%s)", job) == "REVERTED"
    assert lake.one("SELECT waybill.revert_job(%s)", job) == waybill
    assert lake.rows() == before
    assert lake.one("SELECT state FROM waybill.ingestion_jobs") == "REVERTED"


def test_the_waybill_of_an_archived_load_stays_as_it_is(loaded: Lake) -> None:
    counts = loaded.admin.execute(
        "SELECT state, read, inserted FROM waybill.ingestion_jobs"
    ).fetchall()
    assert counts == [("COMPLETED", 4, 4)]
    # The same bytes again are no duplicate: rows of them would be rejected.
    loaded.load(*LINES, second=9)
    again = loaded.admin.execute(
        "SELECT state, rejected, unchanged FROM waybill.ingestion_jobs ORDER BY landing_order DESC"
    ).fetchone()
    assert again == ("COMPLETED_WITH_REJECTS", 3, 1)


def test_a_person_is_not_erased_while_rows_are_archived(archived: Lake) -> None:
    with pytest.raises(psycopg.Error, match="waybill restore-partition kinds 2019") as caught:
        archived.admin.execute("""SELECT waybill.erase_person('kinds', '["3"]')""")
    assert caught.value.sqlstate == "WB022"
    archived.restore()
    archived.admin.execute("""SELECT waybill.erase_person('kinds', '["3"]')""")
    assert archived.one("SELECT count(*) FROM kinds WHERE id = 3") == 0
    # Also not in what the archive has left.
    assert archived.objects() == []


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("personal => '{plain}'", "personal columns"),
        ("write_disposition => 'replace'", "replaces the whole table"),
    ],
)
def test_a_registration_that_archives_cannot_serve_is_refused(
    lake: Lake, statement: str, message: str
) -> None:
    call = f"SELECT waybill.register_dataset('kinds', natural_key => '{{id}}', {statement}"
    with pytest.raises(psycopg.Error, match=message) as caught:
        lake.admin.execute(f"{call}, archive_after => '3 years')".encode())
    assert caught.value.sqlstate == "WB005"
    lake.admin.execute(f"{call})".encode())


def test_columns_do_not_become_personal_while_rows_are_archived(archived: Lake) -> None:
    with pytest.raises(psycopg.Error, match=r"archived partitions \(2019\)"):
        archived.admin.execute(
            "SELECT waybill.register_dataset('kinds', natural_key => '{id}', personal => '{plain}')"
        )


def test_a_table_without_partitions_or_with_references_is_not_archived(lake: Lake) -> None:
    lake.admin.execute("CREATE TABLE plain (id int PRIMARY KEY)")
    with pytest.raises(psycopg.Error, match="no partitions by a time column"):
        lake.admin.execute("SELECT waybill.register_dataset('plain', archive_after => '1 year')")
    lake.fill("2019", 1)
    lake.admin.execute("CREATE TABLE notes (id bigint, at timestamptz, FOREIGN KEY (id, at)"
                       " REFERENCES kinds)")  # fmt: skip
    with pytest.raises(psycopg.Error, match=r"the table public\.notes refers to it"):
        lake.admin.execute(
            "SELECT waybill.register_dataset('kinds', natural_key => '{id}',"
            " archive_after => '1 year')"
        )
    # It was registered before the reference was made.
    lake.archive()
    document = lake.document()
    assert document["state"] == "FAILED"
    assert "the table public.notes refers to it" in document["error"]["detail"]
    assert lake.one("SELECT count(*) FROM kinds") == 1
    assert lake.due() == []
