"""What `make run` does, on a stack of the test's own."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import httpx
import pytest
from rich.console import Console

from infra.bootstrap import ROOT
from infra.local import first_run
from infra.local.clients import Clients
from infra.local.samples import DATASETS, write_samples
from infra.local.stack import Stack
from infra.local.status import Status
from tests.e2e.client_calls import figures
from waybill_client import ProblemError, Waybill
from waybill_client.bearer_auth import Token

pytestmark = pytest.mark.e2e
_CLASSES = (
    "inserted",
    "updated",
    "unchanged",
    "superseded",
    "filtered",
    "rejected",
    "pending_reference",
)


def test_the_sample_files_are_loaded_and_queried(local_stack: Stack, tmp_path: Path) -> None:
    screen = io.StringIO()
    assert first_run.show(local_stack.status(), tmp_path, Console(file=screen, width=100))
    shown = screen.getvalue()
    for word in (
        "COMPLETED_WITH_REJECTS",
        "rejects of hired_employees",
        "by quarter",
        "unassigned",
    ):
        assert word in shown


def test_the_same_files_again_change_nothing_employees_first(
    waybill: Waybill, tmp_path: Path
) -> None:
    files = {file.stem: file for file in write_samples(tmp_path)}
    ids = {name: waybill.upload(name, files[name]) for name in reversed(DATASETS)}
    jobs = {name: waybill.wait(job_id, timeout_seconds=180) for name, job_id in ids.items()}
    for job in jobs.values():
        counts = cast("dict[str, int]", job["waybill"])
        assert counts["read"] == sum(counts[name] for name in _CLASSES)
        assert counts["pending_reference"] == 0
    before = figures(waybill, 2021, ids["hired_employees"])
    again = waybill.wait(waybill.upload("hired_employees", files["hired_employees"]))
    assert again["waybill"]["inserted"] == again["waybill"]["updated"] == 0
    assert again["waybill"]["rejected"] == jobs["hired_employees"]["waybill"]["rejected"] > 0
    after = figures(waybill, 2021, again)
    assert after["items"] == before["items"]


def test_a_plain_put_into_the_bucket_is_a_job(
    aws: Clients, stack: Status, waybill: Waybill
) -> None:
    aws("s3").put_object(
        Bucket=stack.landing_bucket, Key="landing/departments/2026/11/late.csv", Body=b"77,Late\n"
    )
    for _ in range(100):
        job = next(iter(waybill.jobs(dataset="departments")))
        if job["source"]["filename"] == "late.csv":
            break
    assert waybill.wait(job["job_id"])["waybill"]["read"] == 1


def test_data_and_urls_survive_a_restart(local_stack: Stack, api: str, token: Token) -> None:
    with Waybill(api, token=token) as before:
        jobs = {job["job_id"]: job for job in before.jobs()}
        figures = before.hires_by_quarter(2021)["items"]
    local_stack.down()
    assert local_stack.status().state == "down"
    assert local_stack.up().api == api
    with Waybill(api, token=token) as after:
        found = {job["job_id"]: job for job in after.jobs()}
        # A start also registers what was overdue.
        assert [job for job in found if job in jobs] == list(jobs)
        ended = [job for job in jobs.values() if "waybill" in job]
        assert [found[job["job_id"]] for job in ended] == ended
        assert ended
        assert after.hires_by_quarter(2021)["items"] == figures


def test_a_file_that_lands_without_queues_is_loaded_later(
    local_stack: Stack, aws: Clients, stack: Status, api: str, token: Token
) -> None:
    mappings = aws("lambda").list_event_source_mappings()["EventSourceMappings"]
    landed = next(one for one in mappings if one["EventSourceArn"].endswith("landed"))
    aws("lambda").update_event_source_mapping(UUID=landed["UUID"], Enabled=False)
    with Waybill(api, token=token) as waybill:
        aws("s3").put_object(
            Bucket=stack.landing_bucket, Key="landing/departments/kept.csv", Body=b"78,Kept\n"
        )
        local_stack.down()
        local_stack.up()
        assert any(
            job["source"]["filename"] == "kept.csv"
            for _ in range(100)
            for job in waybill.jobs(dataset="departments")
        )


def test_health_and_docs_are_served(http: httpx.Client) -> None:
    assert http.get("/health").json()["status"] == "ok"
    assert http.get("/docs").headers["content-type"].startswith("text/html")
    assert json.loads(http.get("/openapi.json").text)["openapi"].startswith("3.")


def test_an_error_of_the_client_has_status_and_code(waybill: Waybill, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("1\n")
    with pytest.raises(ProblemError) as refused:
        waybill.upload("no_such_dataset", file)
    assert (refused.value.status, refused.value.code) == (404, "unknown-dataset")


def test_the_first_commands_after_a_deployment_run(
    api: str, token: Callable[[], str], tmp_path: Path
) -> None:
    page = (ROOT / "infra" / "account.md").read_text("utf-8")
    (block,) = re.findall(r"^```sh deployed\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    # As `make` writes it.
    command = tmp_path / "bin" / "waybill"
    command.parent.mkdir()
    main = ROOT / "infra" / "local" / "__main__.py"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P "{main}" "$@"\n')
    command.chmod(0o755)
    ended = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", block],
        cwd=tmp_path,
        env={
            "PATH": f"{command.parent}:{os.environ['PATH']}",
            # As a deployment gives it.
            "WAYBILL_API": f"{api}/",
            "WAYBILL_TOKEN": token(),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert "COMPLETED_WITH_REJECTS" in ended.stdout
    assert "x,Nobody" in ended.stdout
    assert '"status":"ok"' in ended.stdout.replace(" ", "")
