"""Exports of several files, their continuation, and what may happen meanwhile."""

import json
from uuid import UUID

import pytest

from functions.pipeline.load.deps import Deps
from functions.pipeline.load.export_dataset import export_dataset
from functions.pipeline.load.settings import LoadSettings
from tests.integration.exports.conftest import Exporter
from waybill.clients import s3_client
from waybill.database.connect import connect
from waybill.database.exports import Exports
from waybill.masking import MASK
from waybill.messages import ExportMessage

ROWS = 30_000
_FILL = (
    "INSERT INTO kinds (id, plain, day) SELECT i, 'row ' || i, '2020-01-01'"
    " FROM generate_series(%s::integer, %s::integer) AS i"
)


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def many(exporter: Exporter, monkeypatch: pytest.MonkeyPatch) -> Exporter:
    """30,000 rows, and files that end at 100 kB."""
    monkeypatch.setenv("EXPORT_FILE_BYTES", "100000")
    exporter.admin.execute(_FILL, (1, ROWS))
    return exporter


def numbers(files: list[bytes]) -> list[int]:
    """The key of each row of files of JSON Lines."""
    return [json.loads(line)["id"] for data in files for line in data.splitlines()]


def step(export: UUID) -> None:
    """An invocation without time: it begins an attempt, or writes the shortest file."""
    settings = LoadSettings.from_environment()
    with connect(settings, "load") as connection:
        export_dataset(Deps(connection, s3_client(), settings, 0), export)


def test_many_rows_are_several_files_and_every_row_is_in_one(many: Exporter) -> None:
    files = many.export("kinds", "jsonl")
    assert len(files) > 2
    assert sorted(numbers(files)) == list(range(1, ROWS + 1))


def test_an_export_goes_on_in_the_next_invocation(many: Exporter) -> None:
    export = many.create("kinds", "jsonl")
    many.work(export)
    whole = many.files(many.document(export, "kinds"))
    export = many.create("kinds", "jsonl")
    invocations = 0
    while many.document(export, "kinds")["state"] != "COMPLETED":
        step(export)
        invocations += 1
        assert invocations < 100
        for body in many.cloud.bodies("chunks"):
            assert body == json.loads(ExportMessage(export_id=export).model_dump_json())
    assert invocations > 1
    files = many.files(many.document(export, "kinds"))
    assert sorted(numbers(files)) == sorted(numbers(whole))


@pytest.mark.parametrize("method", ["begin", "lines", "record"])
def test_a_killed_invocation_loses_and_repeats_nothing(
    many: Exporter, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = many.create("kinds", "jsonl")
    kept = getattr(Exports, method)
    calls = 0

    def killed(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        # Before its effect, and after it.
        if calls in (1, 4):
            raise Killed
        result = kept(*args, **kwargs)
        if calls in (2, 5):
            raise Killed
        return result

    monkeypatch.setattr(Exports, method, killed)
    kills = 0
    while many.document(export, "kinds")["state"] != "COMPLETED":
        try:
            many.work(export)
        except Killed:
            kills += 1
    assert kills
    document = many.document(export, "kinds")
    assert sorted(numbers(many.files(document))) == list(range(1, ROWS + 1))
    assert [file["number"] for file in document["files"]] == [*range(1, len(document["files"]) + 1)]


def test_an_export_begins_again_when_the_rows_change(many: Exporter) -> None:
    export = many.create("kinds", "jsonl")
    step(export)
    step(export)
    many.admin.execute(_FILL, (ROWS + 1, ROWS + 10))
    many.admin.execute("DELETE FROM kinds WHERE id = 1")
    many.admin.execute("SELECT waybill.begin_generation('kinds')")
    many.work(export)
    document = many.document(export, "kinds")
    assert (document["state"], document["attempt"]) == ("COMPLETED", 2)
    assert sorted(numbers(many.files(document))) == list(range(2, ROWS + 11))


def test_an_export_that_never_finds_quiet_fails(many: Exporter) -> None:
    export = many.create("kinds", "jsonl")
    for _ in range(20):
        step(export)
        many.admin.execute("SELECT waybill.begin_generation('kinds')")
    document = many.document(export, "kinds")
    assert (document["state"], document["error"]["code"]) == ("FAILED", "export-restarts")


def test_a_rewritten_table_is_read_again(many: Exporter) -> None:
    export = many.create("kinds", "jsonl")
    step(export)
    step(export)
    many.admin.execute("DELETE FROM kinds WHERE id < 100")
    many.admin.execute("SELECT waybill.begin_generation('kinds')")
    many.admin.execute("VACUUM FULL kinds")
    many.work(export)
    document = many.document(export, "kinds")
    assert sorted(numbers(many.files(document))) == list(range(100, ROWS + 1))


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet", "arrow"])
def test_personal_values_are_masked(exporter: Exporter, file_format: str) -> None:
    exporter.admin.execute(_FILL, (1, 3))
    (data,) = exporter.export("kinds", file_format, masked=True)
    assert b"row 1" not in data
    assert b"2020-01-01" not in data
    assert MASK.encode() in data


def test_a_masked_document_and_one_that_is_null_are_lines_of_json(exporter: Exporter) -> None:
    exporter.admin.execute(
        "CREATE TABLE notes (id integer GENERATED ALWAYS AS IDENTITY, body jsonb)"
    )
    exporter.admin.execute(
        "SELECT waybill.register_dataset('notes', document => 'body', personal => '{body}')"
    )
    exporter.admin.execute("""INSERT INTO notes (body) VALUES ('{"a": "b"}'), (NULL)""")
    for masked, shown in ((False, {"a": "b"}), (True, MASK)):
        (data,) = exporter.export("notes", "jsonl", masked=masked)
        assert [json.loads(line) for line in data.splitlines()] == [shown, None]


def test_an_export_from_before_an_erasure_is_given_to_nobody(exporter: Exporter) -> None:
    exporter.admin.execute(_FILL, (1, 3))
    export = exporter.create("kinds", "csv")
    exporter.work(export)
    assert exporter.document(export, "kinds")["state"] == "COMPLETED"
    exporter.admin.execute("""SELECT waybill.erase_person('kinds', '["2"]')""")
    document = exporter.document(export, "kinds")
    assert (document["state"], document["error"]["code"]) == ("FAILED", "person-erased")
    exporter.admin.execute("UPDATE waybill.erasures SET erased_at = now() - interval '1 hour'")
    (data,) = exporter.export("kinds", "csv")
    assert b"row 3" in data
    assert b"row 2" not in data


def test_formulas_are_escaped_unless_they_are_kept(exporter: Exporter) -> None:
    exporter.admin.execute("INSERT INTO kinds (id, plain, whole) VALUES (1, '=1+1', -5)")
    export = exporter.create("kinds", "csv")
    exporter.admin.execute("UPDATE waybill.exports SET escapes_formulas = true")
    exporter.work(export)
    (data,) = exporter.files(exporter.document(export, "kinds"))
    assert b'"\'=1+1"' in data
    assert b",-5," in data


def test_a_dataset_without_rows_is_a_header(exporter: Exporter) -> None:
    (data,) = exporter.export("departments", "csv")
    assert data == b'"id","department"\r\n'


def test_a_partitioned_dataset_is_exported_whole(exporter: Exporter) -> None:
    exporter.admin.execute("INSERT INTO departments VALUES (1, 'a')")
    exporter.admin.execute("SELECT waybill.premake_partitions()")
    exporter.admin.execute(
        "INSERT INTO hired_employees (id, name, hire_dt) SELECT i, 'n',"
        " now() + i * interval '1 day' FROM generate_series(-20, 200, 10) AS i"
        " WHERE date_part('year', now() + i * interval '1 day') = date_part('year', now())"
    )
    files = exporter.export("hired_employees", "jsonl")
    (count,) = exporter.admin.execute("SELECT count(*) FROM hired_employees").fetchone() or (0,)
    assert len(numbers(files)) == count > 0
