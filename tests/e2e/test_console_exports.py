"""Exports of a dataset from the console, until their files are downloaded."""

import csv
import hashlib
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page, expect

from infra.local.stack import Stack
from tests.e2e.client_calls import load
from waybill_client import Waybill

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def rows(waybill: Waybill, tmp_path: Path) -> None:
    """Some rows to export."""
    load(waybill, tmp_path, "departments", "8101,Exports\n8102,=1+1\n")


def export(page: Page, name: str) -> Path:
    """Begin an export of departments, and download its only file once it is written."""
    page.get_by_role("button", name="Export departments").click()
    expect(page.get_by_role("heading", name=f"departments as {name}")).to_be_visible()
    expect(page.get_by_text(re.compile("^Completed"))).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).first.click()
    path = Path(download.value.path())
    digest = page.get_by_role("region", name="Files").locator("code").first
    expect(digest).to_have_text(hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def test_a_dataset_is_exported_in_a_chosen_format_with_its_waybill(page: Page) -> None:
    page.get_by_role("link", name="Datasets").click()
    page.get_by_role("link", name="departments", exact=True).click()
    page.get_by_label("Format").select_option("parquet")
    table = pq.read_table(export(page, "Parquet"))
    assert "Exports" in table.column("department").to_pylist()
    rows = page.locator(".figure", has_text="Rows").locator("dd")
    expect(rows).to_have_text(f"{table.num_rows:,}")
    # It is found again from the page of the dataset.
    page.get_by_role("link", name="departments", exact=True).click()
    past = page.get_by_role("region", name="Exports").get_by_role("row")
    expect(past.nth(1)).to_contain_text("Parquet")
    expect(past.nth(1)).to_contain_text("Completed")
    past.nth(1).get_by_role("link").click()
    expect(page.get_by_role("heading", name="departments as Parquet")).to_be_visible()


def test_formulas_are_escaped_unless_they_are_to_stay(page: Page) -> None:
    page.goto(re.sub(r"#.*|$", "#/datasets/departments", page.url, count=1))
    with export(page, "CSV").open(newline="") as file:
        assert ["8102", "'=1+1"] in list(csv.reader(file))
    page.get_by_role("link", name="departments", exact=True).click()
    page.get_by_label("Leave formulas as they are").check()
    with export(page, "CSV").open(newline="") as file:
        assert ["8102", "=1+1"] in list(csv.reader(file))


def test_the_rows_behind_the_figures_are_exported_from_analytics(
    page: Page, local_stack: Stack
) -> None:
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Token").fill(local_stack.issuer().token("reader", subject="eve"))
    page.get_by_role("button", name="Use this token").click()
    page.get_by_role("link", name="Analytics").click()
    # The figures push the button down when they come; the button would move under a click.
    for figures in ("Hires of", "Departments above"):
        expect(page.get_by_role("heading", name=figures)).to_be_visible()
    page.get_by_role("button", name="Export hired_employees").click()
    expect(page.get_by_role("heading", name="hired_employees as CSV")).to_be_visible()
    expect(page.get_by_text(re.compile("^Completed"))).to_be_visible()


def test_an_export_of_somebody_else_is_not_shown(page: Page) -> None:
    unknown = "#/datasets/departments/exports/00000000-0000-7000-8000-000000000000"
    page.goto(re.sub(r"#.*|$", unknown, page.url, count=1))
    expect(page.get_by_text("There is no such export of yours")).to_be_visible()
