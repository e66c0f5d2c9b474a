"""The console in headless Chromium, on the running stack."""

import gzip
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import FilePayload, Page, expect

from infra.local.stack import Stack
from tests.e2e.client_calls import figures, load
from tests.e2e.console_page import choose
from waybill_client import Waybill

pytestmark = pytest.mark.e2e


def test_a_file_is_checked_sent_fixed_and_replayed_until_nothing_is_rejected(
    page: Page, waybill: Waybill
) -> None:
    choose(page, departments="id,department\n7101,Console\n7102,\nx,Wrong\n1,2,3\n")
    expect(page.get_by_label("Dataset of departments.csv")).to_have_value("departments")
    expect(page.get_by_text("3 of 4 records checked would be rejected")).to_be_visible()
    page.get_by_role("button", name="Upload departments.csv").click()
    page.get_by_role("link", name="Fix rejects").click()
    expect(page.get_by_role("heading", name="3 to fix")).to_be_visible()
    name = page.get_by_label("department of line 3")
    expect(name).to_have_attribute("aria-invalid", "true")
    name.fill("Fixed")
    page.get_by_label("id of line 4").fill("7103")
    raw = page.get_by_label("Text of line 5")
    raw.fill("7104,Split")
    page.get_by_role("button", name="Split").click()
    page.get_by_role("button", name="Replay 3 corrected records").click()
    expect(page.get_by_role("heading", name="Nothing to fix")).to_be_visible()
    page.get_by_role("link", name="See the waybill").click()
    expect(page.get_by_text("Every reject has been replayed.")).to_be_visible()
    job = next(iter(waybill.jobs(dataset="departments")))
    assert (job["source"]["kind"], job["waybill"]["inserted"]) == ("replay", 3)


def test_rejects_are_filled_down_replaced_and_downloaded(page: Page) -> None:
    choose(page, departments="id,department\n" + "".join(f"n{n},Far\n" for n in range(5)))
    page.get_by_role("button", name="Upload departments.csv").click()
    page.get_by_role("link", name="Fix rejects").click()
    page.get_by_text("Find and replace").click()
    page.get_by_label("Find", exact=True).fill("n")
    page.get_by_label("Replace with").fill("720")
    page.get_by_role("button", name="Replace in 5 records").click()
    expect(page.get_by_label("id of line 6")).to_have_value("7204")
    first = page.get_by_label("id of line 2")
    first.fill("7300")
    first.press("Control+d")
    expect(page.get_by_label("id of line 6")).to_have_value("7300")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    header, *records = Path(download.value.path()).read_text("utf-8").splitlines()
    assert header == "_reject_id,_line,_column,_reason,id,department"
    assert [record.rsplit(",", 2)[1:] for record in records] == [[f"n{n}", "Far"] for n in range(5)]


def test_rejects_are_corrected_in_another_program_and_replayed(page: Page) -> None:
    choose(page, departments="id,department\nx,Elsewhere\n")
    page.get_by_role("button", name="Upload departments.csv").click()
    page.get_by_role("link", name="Fix rejects").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    corrected = Path(download.value.path()).read_text("utf-8").replace(",x,", ",7310,")
    page.get_by_label("Corrected CSV").set_input_files(
        FilePayload(name="corrected.csv", mimeType="text/csv", buffer=corrected.encode())
    )
    expect(page.get_by_role("heading", name="Nothing to fix")).to_be_visible()


def test_a_header_that_does_not_match_is_mapped_and_remembered(
    page: Page, waybill: Waybill
) -> None:
    text = "number;division\n7401;Mapped\n"
    choose(page, divisions=text)
    page.get_by_label("Dataset of divisions.csv").select_option("departments")
    page.get_by_role("combobox", name="number", exact=True).select_option("id")
    page.get_by_role("combobox", name="division", exact=True).select_option("department")
    page.get_by_role("button", name="Use this mapping").click()
    expect(page.get_by_text("1 record checked: it can be loaded")).to_be_visible()
    page.reload()
    choose(page, divisions=text)
    page.get_by_label("Dataset of divisions.csv").select_option("departments")
    expect(page.get_by_text("1 record checked: it can be loaded")).to_be_visible()
    page.get_by_role("button", name="Upload 1 file").click()
    page.get_by_role("link", name="Waybill of divisions.csv").click()
    expect(page.get_by_text(re.compile("Completed$"))).to_be_visible()
    assert next(iter(waybill.jobs()))["waybill"]["inserted"] == 1


_DROP = """(zone, [name, text]) => {
    const dropped = new DataTransfer();
    dropped.items.add(new File([text], name));
    for (const kind of ["dragover", "drop"])
        zone.dispatchEvent(new DragEvent(kind, { dataTransfer: dropped, bubbles: true }));
}"""


def test_dropped_files_show_what_changed_against_the_load_before(page: Page) -> None:
    zone = page.locator(".drop")
    for name, text in (("first", "7601,Alpha\n"), ("second", "7602,Beta\n7603,Alpha\n")):
        zone.evaluate(_DROP, [f"departments-{name}.csv", f"id,department\n{text}"])
        page.get_by_role("button", name=f"Upload departments-{name}.csv").click()
        expect(page.get_by_text("0 rejected")).to_have_count(1 + (name == "second"))
    page.get_by_role("link", name="Waybill of departments-second.csv").click()
    columns = page.get_by_role("region", name="Columns")
    expect(columns.get_by_role("row").nth(1)).to_have_text(
        re.compile(r"id\s*0\s*2\s*was 1\s*7602\s*was 7601\s*7603\s*was 7601")
    )
    expect(columns.get_by_role("row").nth(2)).to_contain_text("Beta")
    counts = page.get_by_role("region", name="Against the load before")
    expect(counts.get_by_role("row").filter(has_text="Read")).to_have_text(
        re.compile(r"Read\s*1\s*2\s*\+1")
    )
    page.get_by_role("link", name="departments-first.csv").click()
    expect(page.get_by_role("heading", name="departments-first.csv")).to_be_visible()


def test_a_dataset_is_defined_from_a_file_that_fits_none(page: Page) -> None:
    choose(page, berths="Berth;Opened;Length\n7;31.12.1998;1.204,50\n8;01.02.2001;95,25\n")
    page.get_by_role("link", name="define one from this file").click()
    columns = page.get_by_role("region", name="Proposed columns")
    expect(columns.get_by_role("row").filter(has_text="berth")).to_contain_text("integer")
    expect(columns.get_by_role("row").filter(has_text="opened")).to_contain_text("date")
    page.get_by_label("Name").fill("quays")
    page.get_by_role("button", name="Propose again").click()
    sql = page.get_by_label("Proposed SQL")
    expect(sql).to_have_value(re.compile("CREATE TABLE quays"))
    sql.press("Control+End")
    sql.press_sequentially("-- Reviewed.")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download quays.sql").click()
    assert download.value.suggested_filename == "quays.sql"
    assert Path(download.value.path()).read_text("utf-8").endswith("-- Reviewed.")


def test_a_dataset_is_defined_from_a_parquet_file(page: Page) -> None:
    parquet = pa.BufferOutputStream()
    pq.write_table(pa.table({"berth": [1, 2], "depth": [1.5, None]}), parquet)
    data = parquet.getvalue().to_pybytes()
    page.get_by_label("Files", exact=True).set_input_files(
        [FilePayload(name="berths.parquet", mimeType="", buffer=data)]
    )
    page.get_by_role("link", name="define one from this file").click()
    expect(page.get_by_role("status").first).to_contain_text("2 records of the whole file, parquet")
    expect(page.get_by_label("Proposed SQL")).to_have_value(
        re.compile(r"berth bigint[\s\S]*depth double precision")
    )


def test_compressed_and_binary_files_are_checked_before_they_are_sent(page: Page) -> None:
    parquet = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": [7801, 7802], "department": ["Quay", None]}), parquet)
    files = {
        "departments.csv.gz": gzip.compress(b"id,department\n7801,Quay\nx,Quay\n"),
        "departments.parquet": parquet.getvalue().to_pybytes(),
    }
    page.get_by_label("Files", exact=True).set_input_files(
        [FilePayload(name=name, mimeType="", buffer=data) for name, data in files.items()]
    )
    expect(page.get_by_text("1 of 2 records checked would be rejected")).to_have_count(2)


def test_figures_of_a_year_are_shown_and_downloaded(
    page: Page, waybill: Waybill, tmp_path: Path
) -> None:
    load(waybill, tmp_path, "departments", "7701,Harbour\n7702,Idle\n")
    load(waybill, tmp_path, "jobs", "7701,Pilot\n")
    hires = "".join(f"{n},P,1907-05-0{n - 7700}T00:00:00Z,7701,7701\n" for n in (7701, 7702))
    figures(waybill, 1907, load(waybill, tmp_path, "hired_employees", hires))
    page.get_by_role("link", name="Analytics").click()
    page.get_by_label("Year").fill("1907")
    page.get_by_label("Year").press("Enter")
    table = page.get_by_role("region", name="Hires of 1907 by quarter")
    expect(table.get_by_role("row").nth(1)).to_have_text(re.compile(r"Harbour\s*Pilot\s*0\s*2"))
    expect(page.get_by_text("The mean is 2 hires a department.")).to_be_visible()
    page.get_by_label("Mean over").select_option("all")
    expect(page.locator(".bars")).to_contain_text("Harbour")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download Hires of 1907 by quarter").click()
    assert download.value.suggested_filename == "hires-by-quarter-1907.csv"
    assert "Harbour,Pilot,0,2,0,0" in Path(download.value.path()).read_text("utf-8")
    page.get_by_label("Format of Hires of 1907 by quarter").select_option("parquet")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download Hires of 1907 by quarter").click()
    assert pq.read_table(download.value.path()).to_pylist()[0]["q2"] == 2


def test_a_reader_sees_jobs_and_cannot_send(page: Page, local_stack: Stack) -> None:
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Token").fill(local_stack.issuer().token("reader", subject="ann"))
    page.get_by_role("button", name="Use this token").click()
    expect(page.get_by_text("Your role reads only.")).to_be_visible()
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    assert page.get_by_role("link", name="Audit").count() == 0
