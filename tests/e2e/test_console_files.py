"""Files that are not what the console expects, each brought to its end in the page."""

import io
import re
import zipfile

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.console_page import choose, choose_files
from waybill_client import Waybill

pytestmark = pytest.mark.e2e


def test_a_file_in_another_encoding_is_loaded_once_its_encoding_is_chosen(
    page: Page, waybill: Waybill
) -> None:
    choose(page, departments="id;department\r\n8201;Büro Zürich\r\n".encode("latin-1"))
    expect(page.get_by_text("Its text is not UTF-8.")).to_be_visible()
    expect(page.get_by_text("1 of 1 record checked would be rejected")).to_be_visible()
    page.get_by_label("Encoding").select_option(label="Latin-1 (ISO 8859-1)")
    expect(page.get_by_text("1 record checked: it can be loaded")).to_be_visible()
    page.get_by_text("1 record checked: it can be loaded").click()
    expect(page.get_by_role("region", name="First records")).to_contain_text("Büro Zürich")
    page.get_by_role("button", name="Upload departments.csv").click()
    expect(page.get_by_text("0 rejected")).to_be_visible()
    assert next(iter(waybill.jobs()))["waybill"]["inserted"] == 1


def test_a_file_is_checked_as_a_whole_without_loading_it(page: Page, waybill: Waybill) -> None:
    choose(page, departments="id,department\n8211,Checked\n")
    page.get_by_text("Options").click()
    page.get_by_label("Check the whole file, load nothing").check()
    page.get_by_role("button", name="Upload departments.csv").click()
    page.get_by_role("link", name="Waybill of departments.csv").click()
    expect(page.get_by_text("checked only, nothing was written")).to_be_visible()
    assert next(iter(waybill.jobs()))["dry_run"]


def test_the_files_of_an_archive_are_jobs_that_the_page_lists(page: Page) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("north.csv", "id,department\n8221,North\n")
        archive.writestr("south.csv", "id,department\n8222,South\nx,Nobody\n")
    choose_files(page, **{"departments.zip": packed.getvalue()})
    expect(page.get_by_text("An archive: each file in it becomes a job of its own")).to_be_visible()
    assert page.get_by_role("alert").count() == 0
    page.get_by_role("button", name="Upload departments.zip").click()
    expect(page.get_by_text("1 rejected")).to_be_visible()
    page.get_by_role("link", name="Waybill of departments.zip").click()
    members = page.get_by_role("region", name="Members").get_by_role("row")
    expect(members.nth(2)).to_have_text(
        re.compile(r"2\s*south.csv\s*Completed with rejects\s*2\s*1")
    )
    page.get_by_role("link", name="Fix rejects").click()
    page.get_by_label("id of line 3 of south.csv").fill("8223")
    page.get_by_role("button", name="Replay 1 corrected record").click()
    expect(page.get_by_role("heading", name="Nothing to fix")).to_be_visible()
    page.get_by_role("link", name="See the waybill").click()
    expect(page.get_by_text("Every reject has been replayed.")).to_be_visible()
    members.get_by_role("link", name="south.csv").click()
    expect(page.get_by_role("heading", name="south.csv")).to_be_visible()
    expect(page.get_by_text("In archive")).to_be_visible()


def test_a_column_that_the_table_lacks_says_what_to_do(page: Page) -> None:
    choose(page, departments="id,department,floor\n8231,Wide,3\n")
    expect(page.get_by_text("'floor' is not a column")).to_be_visible()
    expect(page.get_by_text("This dataset refuses columns that its table lacks")).to_be_visible()


def test_records_that_wait_are_listed_with_the_row_that_they_wait_for(
    page: Page, waybill: Waybill
) -> None:
    record = "8241,Ann,1908-01-01T00:00:00Z,8241,\n"
    choose(page, hired_employees=f"id,name,datetime,department_id,job_id\n{record}")
    page.get_by_role("button", name="Upload hired_employees.csv").click()
    page.get_by_role("link", name="Waybill of hired_employees.csv").click()
    pending = page.get_by_role("region", name="Pending records").get_by_role("row")
    expect(pending.nth(1)).to_have_text(re.compile(r"2\s*department_id\s*8241\s*has no parent"))
    # The department comes later, and the record is loaded by itself.
    page.get_by_role("link", name="Upload").click()
    page.get_by_role("button", name="Clear finished").click()
    choose(page, departments="id,department\n8241,Late\n")
    page.get_by_role("button", name="Upload departments.csv").click()
    expect(page.get_by_text("0 rejected")).to_be_visible()
    assert next(iter(waybill.jobs(dataset="departments")))["waybill"]["inserted"] == 1


def test_a_load_that_something_touched_since_is_not_taken_back_and_says_which_rows(
    page: Page, waybill: Waybill
) -> None:
    for name in ("Before", "After"):
        choose(page, departments=f"id,department\n8251,{name}\n")
        page.get_by_role("button", name="Upload departments.csv").click()
        expect(page.get_by_text("0 rejected")).to_be_visible()
        page.get_by_role("button", name="Clear finished").click()
    after, before = [job["job_id"] for job in waybill.jobs(dataset="departments")][:2]
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(re.sub(r"#.*|$", f"#/jobs/{before}", page.url, count=1))
    page.get_by_role("button", name="Revert").click()
    expect(page.get_by_role("alert").get_by_role("listitem").first).to_have_text(
        f"The row (id = 8251) was changed by job {after}."
    )
    page.goto(re.sub(r"#.*|$", f"#/jobs/{after}", page.url, count=1))
    page.get_by_role("button", name="Revert").click()
    expect(page.get_by_text("Reverted: 0 rows removed, 1 row as before.")).to_be_visible()
