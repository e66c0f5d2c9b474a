"""Files that PostgreSQL wrote in other dialects load, and their rejects replay, unchanged."""

import csv
import io
from typing import Any

import pytest

from tests.cloud.archive_files import zipped
from tests.integration.batch.conftest import publish_all
from tests.integration.path.archives import settle_archives
from tests.integration.path.steps import land
from tests.integration.replay.rejected_files import CSV, Replays
from tests.integration.replay.test_archive_replays import archive_of, send_object

TEXTS = [
    *('a "quoted" one', '"', '""', '"a"', "it's", "'", "''", "'a'", "=1+1", "-", "@x"),
    *("a,b;c|d", "tab\there", "\t", "line\nend", "cr\r\nlf", "\r", "\n", "\x01", "a!b~c"),
    *("back\\slash", "\\", "\\\\", "\\N", "\\n", 'a\\"b', "\\'", "\\,", "a\\\nb", "~!"),
    *(" edges ", " ", "é€", "[masked]", "NULL", None),
]
COPY_TEXT = ", header => 'absent', quote => 'none', escape => '\\', escape_codes => true"
COPY_TEXT += ", null_words => ARRAY['\\N'], trim_text => false"
DIALECTS = {
    "standard": ("", "FORMAT csv, HEADER"),
    "single quotes": (", quote => ''''", "FORMAT csv, HEADER, QUOTE ''''"),
    "backslash": (", escape => '\\'", "FORMAT csv, HEADER, ESCAPE '\\'"),
    "others": (
        ", delimiter => '|', quote => '!', escape => '~'",
        "FORMAT csv, HEADER, DELIMITER '|', QUOTE '!', ESCAPE '~'",
    ),
    "text": (f"{COPY_TEXT}, delimiter => E'\\t'", "FORMAT text"),
    "text with SOH": (f"{COPY_TEXT}, delimiter => E'\\x01'", "FORMAT text, DELIMITER E'\\x01'"),
}
# Every second size is none, so that its record is rejected.
ROWS = [(at, text, "1.5" if at % 2 else "wrong") for at, text in enumerate(TEXTS)]
EXPECTED = [(at, text, "1.5" if at % 2 else "2.5") for at, text in enumerate(TEXTS)]


def written(replays: Replays, options: str) -> bytes:
    """The rows as PostgreSQL writes them; in CSV all in quotes, since it trims nothing."""
    quotes = ", FORCE_QUOTE *" if "csv" in options else ""
    with replays.database.connect() as connection:
        connection.execute("CREATE TEMPORARY TABLE t (id integer, said text, size text)")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO t VALUES (%s, %s, %s)", ROWS)
            with cursor.copy(f"COPY t TO STDOUT ({options}{quotes})".encode()) as copy:
                return b"".join(map(bytes, copy))


def noted(replays: Replays, arguments: str) -> Replays:
    """A table that the code has never seen, with this registration."""
    with replays.database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute("CREATE TABLE notes (id integer PRIMARY KEY, said text, size numeric)")
        connection.execute(f"SELECT waybill.register_dataset('notes'{arguments})".encode())
    publish_all(replays.cloud, replays.database)
    return replays._replace(dataset="notes")


def notes(replays: Replays) -> list[tuple[Any, ...]]:
    return replays.rows("SELECT id, said, size::text FROM notes ORDER BY id")


def counts(replays: Replays, job: str) -> list[int]:
    waybill = replays.ask("GET", f"/jobs/{job}").json()["waybill"]
    return [waybill[name] for name in ("read", "inserted", "rejected")]


def corrected(replays: Replays, job: str, *, as_csv: bool) -> Any:
    """The rejects, each with a size."""
    if not as_csv:
        ids = [reject["reject_id"] for reject in replays.rejects(job)]
        return replays.replay(job, {"rows": [{"_reject_id": each, "size": "2.5"} for each in ids]})
    text = replays.ask("GET", f"/jobs/{job}/rejects", headers={"Accept": "text/csv"}).text
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, lines[0])
    writer.writeheader()
    writer.writerows({**line, "size": "2.5"} for line in lines)
    return replays.replay(job, out.getvalue(), CSV)


@pytest.mark.parametrize("as_csv", [False, True], ids=["json", "csv"])
@pytest.mark.parametrize("name", DIALECTS)
def test_every_text_is_kept_by_the_load_and_by_the_replay(
    replays: Replays, name: str, as_csv: bool
) -> None:
    arguments, options = DIALECTS[name]
    replays = noted(replays, arguments)
    job = replays.loaded(written(replays, options))
    half = len(ROWS) // 2
    assert counts(replays, job) == [len(ROWS), half, len(ROWS) - half]
    assert notes(replays) == EXPECTED[1::2]
    replay = replays.deliver(corrected(replays, job, as_csv=as_csv))
    assert counts(replays, replay) == [len(ROWS) - half, len(ROWS) - half, 0]
    assert notes(replays) == EXPECTED


@pytest.mark.parametrize("delimiter", ["E'\\t'", "'|'", "E'\\x01'"])
def test_without_quotes_and_escape_everything_else_is_data(
    replays: Replays, delimiter: str
) -> None:
    replays = noted(replays, f", quote => 'none', delimiter => {delimiter}, trim_text => false")
    mark = {"E'\\t'": "\t", "'|'": "|", "E'\\x01'": "\x01"}[delimiter]
    rows = [row for row in EXPECTED if not {mark, "\r", "\n"} & set(row[1] or "")]
    lines = [mark.join((str(at), text or "", size)) for at, text, size in rows]
    body = "\n".join([mark.join(("id", "said", "size")), *lines]).replace("2.5", "wrong")
    job = replays.loaded(body.encode())
    rejected = sum(size == "2.5" for _, _, size in rows)
    assert counts(replays, job) == [len(rows), len(rows) - rejected, rejected]
    replay = replays.deliver(corrected(replays, job, as_csv=False))
    assert counts(replays, replay) == [rejected, rejected, 0]
    assert notes(replays) == rows


def test_rejects_of_an_archive_replay_without_a_change(replays: Replays) -> None:
    arguments, options = DIALECTS["text"]
    replays = noted(replays, arguments)
    lines = written(replays, options).splitlines(keepends=True)
    files = {"a.txt": b"".join(lines[:9]), "b.txt": b"".join(lines[9:])}
    land(replays.cloud, "notes", "x.zip", zipped(files))
    settle_archives(replays.cloud)
    archive = archive_of(replays)
    assert notes(replays) == EXPECTED[1::2]
    send_object(replays, corrected(replays, archive, as_csv=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_USER", "pipeline")
        settle_archives(replays.cloud)
    assert notes(replays) == EXPECTED


def test_a_record_of_another_dialect_says_what_to_declare(replays: Replays) -> None:
    replays = noted(replays, "")
    job = replays.loaded(b'id,said,size\n1,"a \\"b\\"",1\n2,"c",2\n')
    (reject,) = replays.rejects(job)
    assert "escape => '\\'" in reject["errors"][0]["message"]


def test_a_file_that_was_rejected_loads_once_its_quote_is_declared(replays: Replays) -> None:
    replays = noted(replays, "")
    body = b"id,said,size\n1,'a, b',1\n'2',c,3\n"
    job = replays.loaded(body)
    first, second = (reject["errors"][0]["message"] for reject in replays.rejects(job))
    assert "declare quote => ''''" in first
    assert "declare quote => ''''" in second
    with replays.database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute("SELECT waybill.register_dataset('notes', quote => '''')")
    # Not a duplicate: the contract is another.
    again = replays.loaded(body, "b.csv", 30)
    assert counts(replays, again) == [2, 2, 0]
    assert notes(replays) == [(1, "a, b", "1"), (2, "c", "3")]
