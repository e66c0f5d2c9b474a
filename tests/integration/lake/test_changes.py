"""What changes while a partition is archived or restored, and what keeps it from it."""

import threading

import pytest

from tests.cloud.fixtures import STATE
from tests.integration.lake.conftest import Lake
from tests.postgres.databases import Database
from waybill.database.lake import Lake as LakeRepository
from waybill.state.lake import LakeFiles


def before(monkeypatch: pytest.MonkeyPatch, lake: Lake, method: str, *statements: str) -> None:
    """Execute one of the statements before each call of a method, while there are any."""
    kept, left = getattr(LakeRepository, method), iter(statements)

    def call(*args: object) -> object:
        statement = next(left, None)
        if statement:
            lake.admin.execute(statement.encode())
        return kept(*args)

    monkeypatch.setattr(LakeRepository, method, call)


def test_rows_that_change_meanwhile_are_written_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.fill("2019", 1000)
    before(
        monkeypatch,
        lake,
        "detach",
        "DELETE FROM kinds WHERE id = 1",
        "UPDATE kinds SET plain = 'x' WHERE id = 2",
        "INSERT INTO kinds (id, at) VALUES (5000, '2019-01-01 00:00+00')",
    )
    lake.archive()
    assert lake.state() == "ARCHIVED"
    stored = {row["id"]: row["plain"] for row in lake.stored()}
    assert sorted(stored) == [*range(2, 1001), 5000]
    assert stored[2] == "x"


def test_a_column_that_is_added_meanwhile_is_archived_with_its_values(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.fill("2019", 20)
    change = "ALTER TABLE kinds ADD COLUMN extra int; UPDATE kinds SET extra = 5 WHERE id = 3"
    before(monkeypatch, lake, "detach", change)
    lake.archive()
    assert lake.state() == "ARCHIVED"
    assert {row["id"]: row["extra"] for row in lake.stored()}[3] == 5
    lake.restore()
    assert lake.one("SELECT array_agg(id) FROM kinds WHERE extra = 5") == [3]


def test_a_partition_that_never_rests_fails_and_stays(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.fill("2019", 10)
    before(monkeypatch, lake, "detach", *["UPDATE kinds SET whole = whole + 1 WHERE id = 1"] * 9)
    lake.archive()
    assert lake.state() == "FAILED"
    assert "changed" in lake.document()["error"]["detail"]
    assert lake.one("SELECT count(*) FROM kinds_2019") == 10
    assert lake.objects() == []
    assert lake.due() == []
    # The next day.
    lake.admin.execute("UPDATE waybill.archived_partitions SET changed_at = now() - interval '2 d'")
    monkeypatch.undo()
    lake.act_as("waybill_load")
    assert len(lake.due()) == 1


def test_a_detached_table_that_somebody_changes_comes_back(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.fill("2019", 10)
    before(monkeypatch, lake, "drop", "UPDATE kinds_2019 SET plain = 'late' WHERE id = 4")
    lake.archive()
    assert lake.state() == "ARCHIVED"
    assert {row["plain"] for row in lake.stored() if row["id"] == 4} == {"late"}
    lake.restore()
    assert lake.one("SELECT plain FROM kinds WHERE id = 4") == "late"


@pytest.mark.parametrize(
    ("column", "value"),
    [("naive", "infinity"), ("instant", "-infinity"), ("day", "0044-03-15 BC"), ("money", "NaN")],
)
def test_values_that_parquet_cannot_hold_keep_their_partition(
    lake: Lake, column: str, value: str
) -> None:
    lake.admin.execute(
        f"INSERT INTO kinds (id, at, {column}) VALUES (1, '2019-01-01', '{value}')".encode()
    )
    lake.archive()
    document = lake.document()
    assert (document["state"], document["error"]["type"]) == ("FAILED", "lake-refused")
    assert lake.one("SELECT count(*) FROM kinds_2019") == 1
    assert lake.objects() == []


def test_nan_and_infinity_of_floats_come_back(lake: Lake) -> None:
    lake.admin.execute(
        "INSERT INTO kinds (id, at, single, twice, exact) VALUES"
        " (1, '2019-01-01', 'NaN', 'Infinity', 'NaN'),"
        " (2, '2019-01-01', '-Infinity', '-0', '-Infinity')"
    )
    rows = lake.rows()
    lake.archive()
    assert lake.state() == "ARCHIVED", lake.document()
    lake.restore()
    assert lake.rows() == rows


def test_a_view_of_the_partition_keeps_it(lake: Lake) -> None:
    lake.fill("2019", 1)
    lake.admin.execute("CREATE VIEW glance AS SELECT id FROM kinds_2019")
    lake.archive()
    assert "public.glance depends on its table" in lake.document()["error"]["detail"]
    assert lake.one("SELECT count(*) FROM glance") == 1


def test_a_reader_in_a_long_transaction_only_postpones_the_detachment(
    lake: Lake, database: Database
) -> None:
    lake.fill("2019", 5)
    (partition,) = lake.due()
    with database.connect(autocommit=False) as reader:
        reader.execute("SELECT count(*) FROM kinds")
        lake.deliver(partition)
        assert lake.state() == "WRITTEN"
        assert lake.one("SELECT count(*) FROM kinds") == 5
        reader.rollback()
    # The message was sent again, with a pause.
    assert lake.cloud.waiting("chunks") == 1
    lake.deliver(partition)
    assert lake.state() == "ARCHIVED"


def test_a_file_that_has_expired_is_written_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.fill("2019", 5)
    kept, left = LakeRepository.begin_publishing, [1]

    def begin(*args: object) -> object:
        while left:
            left.pop()
            for key in lake.objects("exports/"):
                lake.cloud.s3.delete_object(Bucket=STATE, Key=key)
        return kept(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(LakeRepository, "begin_publishing", begin)
    lake.archive()
    assert lake.state() == "ARCHIVED"
    assert len(lake.stored()) == 5


def test_a_changed_file_is_not_restored(lake: Lake) -> None:
    lake.fill("2019", 5)
    lake.archive()
    (key,) = lake.objects()
    data = lake.cloud.s3.get_object(Bucket=STATE, Key=key)["Body"].read()
    lake.cloud.s3.put_object(Bucket=STATE, Key=key, Body=data + b"x")
    lake.restore()
    document = lake.document()
    assert document["state"] == "ARCHIVED"
    assert "is not what was written" in document["error"]["detail"]
    assert lake.one("SELECT count(*) FROM kinds") == 0
    lake.cloud.s3.put_object(Bucket=STATE, Key=key, Body=data)
    lake.restore()
    assert lake.state() == "RESTORED"


def test_columns_that_were_added_since_have_their_default(lake: Lake) -> None:
    lake.fill("2019", 2)
    lake.archive()
    lake.admin.execute("ALTER TABLE kinds ADD COLUMN grade text NOT NULL DEFAULT 'none'")
    lake.restore()
    assert lake.one("SELECT array_agg(grade) FROM kinds") == ["none", "none"]


def test_a_table_that_has_lost_a_column_takes_no_partition_back(lake: Lake) -> None:
    lake.fill("2019", 2)
    lake.archive()
    lake.admin.execute("ALTER TABLE kinds DROP COLUMN plain")
    lake.restore()
    document = lake.document()
    assert document["state"] == "ARCHIVED"
    assert "lost columns that the files have: plain" in document["error"]["detail"]


def test_a_row_whose_parent_is_gone_is_not_restored_without_it(lake: Lake) -> None:
    lake.admin.execute("CREATE TABLE moods (id integer PRIMARY KEY)")
    lake.admin.execute("INSERT INTO moods VALUES (1), (2)")
    lake.admin.execute("ALTER TABLE kinds ADD FOREIGN KEY (whole) REFERENCES moods")
    lake.fill("2019", 2)
    lake.archive()
    assert lake.state() == "ARCHIVED"
    lake.admin.execute("DELETE FROM moods WHERE id = 2")
    lake.restore()
    document = lake.document()
    assert (document["state"], lake.one("SELECT count(*) FROM kinds")) == ("ARCHIVED", 0)
    assert "SQLSTATE 23503, kinds_whole_fkey" in document["error"]["detail"]
    lake.admin.execute("INSERT INTO moods VALUES (2)")
    lake.restore()
    assert lake.one("SELECT count(*) FROM kinds") == 2


def test_writers_and_the_archive_do_not_wait_for_each_other_for_ever(
    lake: Lake, database: Database
) -> None:
    lake.fill("2019", 2000)
    (partition,) = lake.due()
    failures: list[BaseException] = []

    def write() -> None:
        with database.connect() as other:
            try:
                for n in range(20):
                    other.execute(
                        "INSERT INTO kinds (id, at) VALUES (%s, '2024-05-05 00:00+00')",
                        (90_000 + n,),
                    )
            except BaseException as error:
                failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    lake.deliver(partition)
    writer.join()
    assert failures == []
    for _ in range(5):
        if lake.state() != "ARCHIVED":
            lake.deliver(partition)
    assert lake.state() == "ARCHIVED"
    assert lake.one("SELECT count(*) FROM kinds") == 20


def test_an_invocation_that_was_delayed_deletes_no_file_of_a_later_attempt(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.fill("2019", 5)
    (partition,) = lake.due()
    before(monkeypatch, lake, "drop", "UPDATE kinds_2019 SET plain = 'late' WHERE id = 4")
    kept, left = LakeFiles.clear, [1]

    def clear(*args: object) -> None:
        # It sees a partition that is written again; meanwhile another delivery archives it.
        if len(args) == 3 and left:
            left.pop()
            lake.deliver(partition)
            assert lake.state() == "ARCHIVED"
        kept(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(LakeFiles, "clear", clear)
    lake.deliver(partition)
    assert not left
    assert len(lake.stored()) == 5
    others = lake.document()["folder"] + "notes.txt"
    lake.cloud.s3.put_object(Bucket=STATE, Key=others, Body=b"x")
    lake.restore()
    assert lake.one("SELECT count(*) FROM kinds") == 5
    assert lake.objects() == [others]
