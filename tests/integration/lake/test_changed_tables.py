"""A partition comes back into a table that was changed meanwhile, or is refused with the reason."""

import pytest

from functions.pipeline.load import archive_partition
from tests.integration.lake.conftest import Lake
from waybill.database.lake import Lake as LakeRepository
from waybill.errors import Rejected

_PARENT = "CREATE TABLE moods (id integer PRIMARY KEY); ALTER TABLE kinds ADD FOREIGN KEY (whole)"
HARMLESS = [
    "ALTER TABLE kinds ADD COLUMN extra int",
    "ALTER TABLE kinds ADD COLUMN extra int NOT NULL DEFAULT 7",
    "ALTER TABLE kinds ALTER COLUMN exact SET DEFAULT 5",
    "ALTER TABLE kinds ALTER COLUMN whole SET NOT NULL",
    "ALTER TABLE kinds ADD CHECK (whole < 20)",
    "ALTER TABLE kinds ADD UNIQUE (plain, at)",
    "ALTER TABLE kinds ALTER COLUMN small TYPE bigint",
    "ALTER TABLE kinds ALTER COLUMN plain TYPE varchar(40)",
    "ALTER TABLE kinds ALTER COLUMN uid TYPE text",
    "ALTER TABLE kinds DROP COLUMN plain; ALTER TABLE kinds ADD COLUMN plain text",
    "ALTER TABLE kinds ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE kinds DROP COLUMN twofold",
    "CREATE TABLE kinds_rest PARTITION OF kinds DEFAULT",
]
REFUSED = [
    ("ALTER TABLE kinds ADD COLUMN extra int NOT NULL", "SQLSTATE 23502, extra"),
    ("ALTER TABLE kinds ALTER COLUMN exact SET NOT NULL", "SQLSTATE 23502, exact"),
    ("ALTER TABLE kinds ADD CONSTRAINT low CHECK (whole < 2)", "SQLSTATE 23514, low"),
    ("ALTER TABLE kinds ADD CONSTRAINT low CHECK (whole < 2) NOT VALID", "SQLSTATE 23514, low"),
    ("ALTER TABLE kinds RENAME COLUMN plain TO name", "lost columns that the files have: plain"),
    ("ALTER TABLE kinds DROP COLUMN plain, DROP COLUMN big", "lost columns that the files have"),
    (
        "ALTER TABLE kinds DROP COLUMN plain; ALTER TABLE kinds ADD COLUMN plain text"
        " GENERATED ALWAYS AS ('x') STORED",
        "lost columns that the files have: plain",
    ),
    (
        "ALTER TABLE kinds ALTER COLUMN plain TYPE integer USING length(plain)",
        'column "plain" is of type integer but expression is of type text',
    ),
    (
        "ALTER TABLE kinds ALTER COLUMN plain TYPE jsonb USING NULL",
        'column "plain" is of type jsonb',
    ),
    ("ALTER TABLE kinds ALTER COLUMN plain TYPE varchar(3) USING NULL", "SQLSTATE 22001"),
    ("ALTER TABLE kinds ALTER COLUMN instant TYPE date", "would not be those that were archived"),
    ("ALTER TYPE mood RENAME TO temper", "Types of the files of kinds 2019 are missing: public.m"),
    (
        f"{_PARENT} REFERENCES moods",
        "The partition 2019 of kinds cannot be attached: SQLSTATE 23503, kinds_whole_fkey",
    ),
    (
        "CREATE TABLE kinds_month PARTITION OF kinds"
        " FOR VALUES FROM ('2019-02-01 00:00+00') TO ('2019-03-01 00:00+00')",
        "The partition 2019 of kinds cannot be attached: SQLSTATE 42P17",
    ),
    ("DROP TABLE kinds; CREATE TABLE kinds (id int)", "lost columns that the files have"),
]


def change(lake: Lake, statements: str) -> list[tuple[int, str]]:
    """Archive rows, and change their table; the rows as they were."""
    lake.fill("2019", 3)
    lake.admin.execute(
        "UPDATE kinds SET instant = '2019-05-06 07:08:09+00', small = 4, uid = uuidv7()"
    )
    rows = "SELECT array_agg(ROW(id, at, plain, instant, small, uid)::text ORDER BY id) FROM kinds"
    before = lake.one(rows)
    lake.archive()
    assert (lake.state(), lake.one("SELECT count(*) FROM kinds")) == ("ARCHIVED", 0)
    lake.admin.execute(statements.encode())
    return list(before)


@pytest.mark.parametrize("statements", HARMLESS)
def test_rows_come_back_into_a_table_that_takes_them(lake: Lake, statements: str) -> None:
    before = change(lake, statements)
    lake.restore()
    assert lake.document().get("error") is None
    assert lake.state() == "RESTORED"
    rows = "SELECT array_agg(ROW(id, at, plain, instant, small, uid)::text ORDER BY id) FROM kinds"
    assert lake.one(rows) == before
    assert lake.objects() == []


@pytest.mark.parametrize(("statements", "reason"), REFUSED)
def test_a_restore_that_the_table_does_not_take_says_why(
    lake: Lake, statements: str, reason: str
) -> None:
    change(lake, statements)
    lake.restore()
    document = lake.document()
    assert document["state"] == "ARCHIVED"
    assert reason in document["error"]["detail"]
    # Nothing of it is left, and the files are as they were.
    assert (lake.one("SELECT count(*) FROM kinds"), len(lake.stored())) == (0, 3)
    assert lake.one("SELECT relation FROM waybill.archived_partitions") is None


def test_a_restore_works_once_the_table_is_as_it_was(lake: Lake) -> None:
    change(lake, "ALTER TABLE kinds RENAME COLUMN plain TO name")
    lake.restore()
    lake.admin.execute("ALTER TABLE kinds RENAME COLUMN name TO plain")
    lake.restore()
    assert (lake.state(), lake.one("SELECT count(*) FROM kinds")) == ("RESTORED", 3)


def test_a_failure_counts_once_though_another_attempt_took_over(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.fill("2019", 2)
    (partition,) = lake.due()
    counted: list[object] = []
    monkeypatch.setattr(archive_partition, "count", lambda *args, **_: counted.append(args))
    kept, left = LakeRepository.detach, [1]

    def detach(*args: object) -> object:
        if left.pop() if left else 0:
            lake.deliver(partition)
            assert lake.state() == "ARCHIVED"
            raise Rejected("lake-refused", "too late")
        return kept(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(LakeRepository, "detach", detach)
    lake.deliver(partition)
    assert (lake.state(), counted) == ("ARCHIVED", [])
