"""Which checks are made, and how the findings are shown."""

import os
from collections.abc import Iterable, Iterator

import boto3
import httpx
from rich.console import Console

from infra.context import context
from infra.doctor import api, machine
from infra.doctor.findings import Finding, examine
from infra.environments import choose
from infra.local.settings import LocalSettings
from infra.local.status import Status
from waybill_client.output import print_json
from waybill_client.terminal import printable

_MARKS = {"ok": "ok     ", "wrong": "WRONG  ", "unknown": "UNKNOWN"}


def local_findings(status: Status) -> Iterator[Finding]:
    """This machine, its stack and the stack's API."""
    home = LocalSettings.load().waybill_home
    yield from examine(machine.MachineChecks(home, status).all(), machine.EXPECTED)
    if status.api:
        yield from api_findings(status.api, os.environ.get("WAYBILL_TOKEN") or status.token)


def api_findings(base: str, token: str | None) -> Iterator[Finding]:
    """The API at this address."""
    headers = {"Authorization": token} if token else {}
    with httpx.Client(headers=headers, timeout=30) as http:
        yield from examine(api.ApiChecks(base, http).all(), api.EXPECTED)


def account_findings(name: str) -> Iterator[Finding]:
    """The environment `name` on AWS, with the credentials at hand.

    Raises:
        UnknownTargetError: there is no such environment.
    """
    # It loads the CDK, which takes longer than most of the other commands.
    from infra.doctor import account  # noqa: PLC0415

    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    environment = choose(name, account=context().get("accounts", {}).get(name), region=region)
    session = boto3.Session(region_name=environment.region)
    yield from examine(account.AccountChecks(environment, session).all(), account.EXPECTED)


def print_findings(findings: Iterable[Finding]) -> bool:
    """Print the findings as JSON; whether all are ok."""
    found = list(findings)
    print_json([finding._asdict() for finding in found])
    return all(finding.outcome == "ok" for finding in found)


def show(findings: Iterable[Finding], out: Console) -> bool:
    """Print each finding as it comes; whether all are ok."""
    fine = True
    for finding in findings:
        fine = fine and finding.outcome == "ok"
        lines = [f"{_MARKS[finding.outcome]} {finding.check:<13}{finding.found}"]
        if finding.advice:
            lines.append(f"{'':<21}→ {finding.advice}")
        for line in map(printable, lines):
            out.print(line, markup=False, highlight=False, soft_wrap=True)
    return fine
