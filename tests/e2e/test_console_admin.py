"""What administrators do in the console: run a source, redrive, follow the audit log."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from infra.local.clients import Clients
from infra.local.stack import Stack
from tests.e2e.source_bucket import BUCKET, make_source_bucket
from waybill_client import Waybill

pytestmark = pytest.mark.e2e


def test_a_source_is_tested_and_run(
    page: Page, http: httpx.Client, aws: Clients, waybill: Waybill
) -> None:
    connection = {"bucket": BUCKET, "prefix": "console/"}
    source = {"name": "console", "kind": "s3", "connection": connection, "dataset": "departments"}
    assert http.post("data-sources", json=source).status_code == 201
    make_source_bucket(aws)
    aws("s3").put_object(
        Bucket=BUCKET, Key="console/departments.csv", Body=b"id,department\n8301,Sourced\n"
    )
    page.get_by_role("link", name="Sources").click()
    page.get_by_role("link", name="console", exact=True).click()
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_role("region", name="First records")).to_contain_text("departments.csv")
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text(re.compile("Completed$"))).to_be_visible()
    loaded = [one for one in waybill.jobs(dataset="departments") if one["state"] == "COMPLETED"]
    assert any(job["waybill"]["inserted"] == 1 for job in loaded)


def test_dead_letters_are_counted_and_sent_again(page: Page) -> None:
    page.get_by_role("link", name="Operations").click()
    letters = page.locator("section", has=page.get_by_role("heading", name="Dead letters"))
    expect(letters.locator("dt").first).to_have_text("landed")
    letters.get_by_role("button", name="Redrive").click()
    expect(letters.get_by_role("status")).to_contain_text("landed: 0 sent, 0 left")


def test_the_audit_log_is_filtered_by_action(page: Page) -> None:
    page.get_by_role("link", name="Audit").click()
    rows = page.get_by_role("region", name="Audit log").get_by_role("row")
    expect(rows.nth(1)).to_be_visible()
    page.get_by_label("Action").fill("source.created")
    page.get_by_label("Action").press("Enter")
    expect(rows.nth(1)).to_contain_text("source.created")
    expect(rows.filter(has_text="job.created")).to_have_count(0)


def test_a_loader_uploads_and_sees_no_pages_of_administrators(
    page: Page, local_stack: Stack
) -> None:
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Token").fill(local_stack.issuer().token("loader", subject="lou"))
    page.get_by_role("button", name="Use this token").click()
    expect(page.get_by_role("button", name="Choose files")).to_be_visible()
    for name in ("Sources", "Audit", "Operations"):
        assert page.get_by_role("link", name=name).count() == 0
