"""What a person does while the console waits for an answer: pause, remove, press again."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.console_page import choose


def large_file(folder: Path, key: int) -> str:
    """A file of 18.5 MB, which is sent in parts; all its records have one key."""
    path = folder / "departments.csv"
    path.write_text("id,department\n" + f"{key},{'Large ' * 170}\n" * 18_000)
    return str(path)


def test_a_large_file_is_paused_and_resumed(page: Page, tmp_path: Path) -> None:
    network = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 2e6}
    network.send("Network.emulateNetworkConditions", slow)
    page.get_by_label("Files", exact=True).set_input_files(large_file(tmp_path, 7501))
    page.get_by_role("button", name="Upload departments.csv").click()
    page.get_by_role("button", name="Pause departments.csv").click()
    expect(page.get_by_text("paused")).to_be_visible()
    network.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    page.get_by_role("button", name="Resume departments.csv").click()
    expect(page.get_by_text("18,000 read")).to_be_visible()


@pytest.mark.parametrize("held", ["**/uploads/departments", "**/uploads/departments/*/complete"])
def test_a_pause_while_an_answer_is_awaited_asks_for_no_second_job(
    page: Page, tmp_path: Path, held: str
) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route(held, hold)
    page.get_by_label("Files", exact=True).set_input_files(large_file(tmp_path, 7502 + len(held)))
    with page.expect_request(held):
        page.get_by_role("button", name="Upload departments.csv").click()
    page.get_by_role("button", name="Pause departments.csv").click()
    page.get_by_role("button", name="Resume departments.csv").click()
    expect(page.get_by_role("button", name="Pause departments.csv")).to_be_visible()
    for route in waiting:
        route.continue_()
    expect(page.get_by_text("18,000 read")).to_be_visible()
    assert len(waiting) == 1


def test_who_logged_out_is_not_logged_in_again_by_a_request_on_its_way(page: Page) -> None:
    waiting: list[Route] = []
    sent: list[str] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/uploads/departments", hold)
    choose(page, departments="id,department\n7519,Away\n")
    with page.expect_request("**/uploads/departments"):
        page.get_by_role("button", name="Upload departments.csv").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    page.on("request", lambda request: sent.append(request.url))
    # It would be sent again after a second, with a token of the stack.
    waiting[0].fulfill(status=503, headers={"Retry-After": "1"})
    page.wait_for_timeout(3000)
    expect(page.get_by_label("Token")).to_be_visible()
    assert sent == []


def test_a_file_removed_before_its_form_is_there_is_not_sent(page: Page) -> None:
    waiting: list[Route] = []
    sent: list[str] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/uploads/departments", hold)
    choose(page, departments="id,department\n7520,Removed\n")
    with page.expect_request("**/uploads/departments"):
        page.get_by_role("button", name="Upload departments.csv").click()
    page.get_by_role("button", name="Remove departments.csv").click()
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    with page.expect_response("**/uploads/departments"):
        waiting[0].continue_()
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    assert [one for one in sent if one.startswith("POST")] == []


def test_records_are_replayed_once_however_often_the_button_is_pressed(page: Page) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    choose(page, departments="id,department\nx,Twice\n")
    page.get_by_role("button", name="Upload departments.csv").click()
    page.get_by_role("link", name="Fix rejects").click()
    page.get_by_label("id of line 2").fill("7530")
    page.route("**/replay", hold)
    replay = page.get_by_role("button", name="Replay 1 corrected record")
    with page.expect_request("**/replay"):
        replay.click()
    expect(replay).to_be_disabled()
    waiting[0].continue_()
    expect(page.get_by_role("heading", name="Nothing to fix")).to_be_visible()
    assert len(waiting) == 1
