"""Files of other dialects, of PostgreSQL and MariaDB too, are loaded, corrected and replayed."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.client_calls import counted, ended, load
from tests.e2e.console_page import choose_files, open_page
from tests.e2e.project_copy import ProjectCopy, copy_project
from tests.integration.sources.mariadb_server import running_mariadb
from waybill_client import Waybill

pytestmark = pytest.mark.e2e

TEXTS = [
    *('a "quoted" one', "it's", "a,b;c|d", "tab\there", "line\nend", "cr\r\nlf", "\\", "a\\b"),
    *("\\N", "\\n", " edges ", '"', "é€", "'a', 'b'", None, 'a\\"b', "\t"),
]
BACKSLASH = r"quote => 'none', escape => '\', escape_codes => true, null_words => ARRAY['\N']"
DIALECTS = {
    "notes_copied": rf"header => 'absent', delimiter => E'\t', {BACKSLASH}, trim_text => false",
    "notes_outfile": rf"header => 'absent', delimiter => E'\x01', {BACKSLASH}, trim_text => false",
    "notes_single": "quote => '''', delimiter => ';'",
    "notes_spark": r"escape => '\'",
}
# MariaDB does not escape a CR, which then ends a line.
PLAIN = [text for text in TEXTS if "\r" not in (text or "")]
_PAGE_MILLISECONDS = 120_000


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectCopy]:
    tree = copy_project(tmp_path_factory.mktemp("dialects") / "waybill")
    for name, arguments in DIALECTS.items():
        (tree.folder / f"sql/datasets/{name}.sql").write_text(
            f"CREATE TABLE {name} (id integer PRIMARY KEY, said text, size numeric);\n"
            f"SELECT waybill.register_dataset('{name}', {arguments});\n"
        )
    try:
        tree.run("make up")
        yield tree
    finally:
        tree.run("make down ERASE=1")


@pytest.fixture
def waybill(tree: ProjectCopy) -> Iterator[Waybill]:
    status = tree.status()
    with Waybill(str(status.api), token=status.token) as client:
        yield client


def expected(name: str) -> list[tuple[int, str | None, str]]:
    """The rows once their rejects are corrected."""
    texts = PLAIN if name == "notes_outfile" else TEXTS
    return [(at, text, "1.5" if at % 2 else "2.5") for at, text in enumerate(texts)]


def sent(name: str) -> list[tuple[int, str | None, str]]:
    """The rows, of which every second size is none, so that its record is rejected."""
    return [(at, text, size if at % 2 else "none") for at, text, size in expected(name)]


def copied(tree: ProjectCopy, options: str) -> bytes:
    """The rows as PostgreSQL copies them."""
    with psycopg.connect(str(tree.status().database_url)) as database:
        database.execute("CREATE TEMPORARY TABLE t (id integer, said text, size text)")
        with database.cursor() as cursor:
            cursor.executemany("INSERT INTO t VALUES (%s, %s, %s)", sent("notes_copied"))
            with cursor.copy(f"COPY t TO STDOUT ({options})".encode()) as copy:
                return b"".join(map(bytes, copy))


def outfile(folder: Path) -> bytes:
    """The rows as MariaDB writes them."""
    file = folder / "outfile"
    rows = " UNION ALL ".join(
        f"SELECT {at}, {_mariadb_text(text)}, '{size}'" for at, text, size in sent("notes_outfile")
    )
    with running_mariadb(folder) as server:
        server.execute(
            f"SELECT * FROM ({rows}) AS t INTO OUTFILE '{file}' CHARACTER SET utf8mb4"
            " FIELDS TERMINATED BY '\\x01'".replace("\\x01", "\x01")
        )
    return file.read_bytes()


def _mariadb_text(text: str | None) -> str:
    return "NULL" if text is None else f"CONVERT(X'{text.encode().hex()}' USING utf8mb4)"


def written(tree: ProjectCopy, folder: Path, name: str) -> bytes:
    if name == "notes_outfile":
        return outfile(folder)
    options = {
        "notes_copied": "FORMAT text",
        "notes_single": "FORMAT csv, HEADER, QUOTE '''', DELIMITER ';', FORCE_QUOTE *",
        "notes_spark": "FORMAT csv, HEADER, ESCAPE '\\', FORCE_QUOTE *",
    }
    return copied(tree, options[name])


def rows(tree: ProjectCopy, name: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(str(tree.status().database_url)) as database:
        return database.execute(
            f"SELECT id, said, size::text FROM {name} ORDER BY id".encode()
        ).fetchall()


@pytest.mark.parametrize("name", DIALECTS)
def test_every_text_is_loaded_and_replayed_as_it_was_written(
    tree: ProjectCopy, waybill: Waybill, tmp_path: Path, name: str
) -> None:
    job = load(waybill, tmp_path, name, written(tree, tmp_path, name))
    everything = expected(name)
    good, bad = len(everything[1::2]), len(everything[::2])
    assert counted(job) == {"read": good + bad, "inserted": good, "rejected": bad}
    assert rows(tree, name) == everything[1::2]
    lines = list(
        csv.DictReader(io.StringIO(waybill.rejects_csv(job["job_id"]).decode(), newline=""))
    )
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, lines[0])
    writer.writeheader()
    writer.writerows({**line, "size": "2.5"} for line in lines)
    replay = ended(waybill, waybill.replay(job["job_id"], out.getvalue().encode()))
    assert counted(replay) == {"read": bad, "inserted": bad}
    assert rows(tree, name) == everything


def test_the_console_reads_and_shows_the_dialect(tree: ProjectCopy, browser: Browser) -> None:
    console = str(tree.status().console)
    with open_page(browser, console) as page:
        page.set_default_timeout(_PAGE_MILLISECONDS)
        expect.set_options(timeout=_PAGE_MILLISECONDS)
        page.goto(console)
        # The second record is malformed: of the standard dialect, the first would be, too.
        body = "'number';'said';'size'\n'901';'x; \"y';'7'\n902;'a' b;'8'\n"
        choose_files(page, **{"notes_single.txt": body})
        page.get_by_role("combobox", name="number", exact=True).select_option("id")
        page.get_by_role("button", name="Use this mapping").click()
        expect(page.get_by_text("1 of 2 records checked would be rejected")).to_be_visible()
        page.get_by_role("button", name="Upload notes_single.txt").click()
        page.get_by_role("link", name="Fix rejects").click()
        text = page.get_by_label("Text of line 3")
        text.fill("902;'a; ''b';'8'")
        page.get_by_role("button", name="Split").click()
        page.get_by_role("button", name="Replay 1 corrected record").click()
        expect(page.get_by_role("heading", name="Nothing to fix")).to_be_visible()
        page.get_by_role("link", name="Datasets", exact=True).click()
        page.get_by_role("link", name="notes_single", exact=True).click()
        expect(page.locator("dl.facts div", has_text="Quote").locator("dd")).to_have_text("'")
        with page.expect_download() as download:
            page.get_by_role("button", name="Sample file").click()
        assert Path(download.value.path()).read_text("utf-8").startswith("id;said;size\n")
    assert rows(tree, "notes_single")[-2:] == [(901, 'x; "y', "7"), (902, "a; 'b", "8")]
