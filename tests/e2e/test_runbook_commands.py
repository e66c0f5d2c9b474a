"""The commands of the runbooks for AWS, run on the emulator as far as it has the service."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore import xform_name
from typer.testing import CliRunner

from infra.local.clients import Clients
from infra.local.commands import app
from infra.local.status import Status
from tests.e2e.client_calls import accept, jobs_of, load, put
from tests.unit.runbooks.test_commands import call_of, commands
from waybill_client import Waybill

pytestmark = pytest.mark.e2e
# Of Aurora, its stack, quotas of an account and a rollback that has failed there are none locally.
_NOT_HERE = (
    "rds",
    "secretsmanager",
    "service-quotas",
    "cloudformation continue-update-rollback",
    "cloudformation describe-stacks --stack-name waybill-prod-data",
)
_KEY = "landing/departments/runbook/again.csv"


def _is_here(command: str) -> bool:
    return not command.removeprefix("aws ").startswith(_NOT_HERE)


def run(aws: Clients, stack: Status, command: str) -> dict[str, Any]:
    """Run the command with the names of the running stack."""
    url = aws("sqs").get_queue_url
    names = {
        "$QUEUE_URL": url(QueueName="waybill-local-landed")["QueueUrl"],
        "$DLQ_URL": url(QueueName="waybill-local-landed-dlq")["QueueUrl"],
        "$LOG_GROUP": "/aws/lambda/waybill-local-plan",
        "waybill-prod": "waybill-local",
        "$BUCKET": str(stack.landing_bucket),
        "$KEY": _KEY,
    }
    for name, value in names.items():
        command = command.replace(name, value)
    service, operation, given = call_of(command)
    method = xform_name(operation.replace("-", "_"))
    found: dict[str, Any] = getattr(aws(service), method)(**given)
    return found


@pytest.mark.parametrize("command", [each for each in commands("aws") if _is_here(each)])
def test_a_command_runs(aws: Clients, stack: Status, waybill: Waybill, command: str) -> None:
    put(aws, stack, _KEY, "981,Again\n")
    jobs_of(waybill, _KEY)
    response = run(aws, stack, command)
    assert response["ResponseMetadata"]["HTTPStatusCode"] in (200, 202)
    assert "FunctionError" not in response


def test_a_copied_object_is_loaded_again(aws: Clients, stack: Status, waybill: Waybill) -> None:
    put(aws, stack, _KEY, "981,Again\n")
    before = len(jobs_of(waybill, _KEY))
    (copy,) = [each for each in commands("aws") if "copy-object" in each]
    run(aws, stack, copy)
    assert len(jobs_of(waybill, _KEY, before + 1)) == before + 1


# Of a deployed environment, which tests/unit/doctor has; and of an archived partition, which
# test_lake.py has.
_ELSEWHERE = ("--deployed", "restore-partition")


@pytest.fixture(scope="module")
def rejected(api: str, token: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A job with a reject."""
    folder = tmp_path_factory.mktemp("rejected")
    with Waybill(api, token=token) as waybill:
        return load(waybill, folder, "departments", "982,Fine\nx,Bad\n")["job_id"]


@pytest.fixture
def environment(api: str, token: Callable[[], str]) -> dict[str, str]:
    """What the command reads of its environment."""
    return {"WAYBILL_API": api, "WAYBILL_TOKEN": token()}


@pytest.mark.parametrize(
    "command", [one for one in commands("waybill") if not any(word in one for word in _ELSEWHERE)]
)
def test_a_command_of_waybill_runs(
    environment: dict[str, str], http: httpx.Client, rejected: str, tmp_path: Path, command: str
) -> None:
    corrected = tmp_path / "corrected.csv"
    corrected.write_text("982,Fine\n983,Corrected\n")
    # Only an open job can be cancelled.
    is_ended = "cancel" not in command
    job = rejected if is_ended else accept(http, "departments", b"984,Open\n")["job_id"]
    names = {"$JOB_ID": job, "corrected.csv": str(corrected)}
    for name, value in names.items():
        command = command.replace(name, value)
    _, *words = shlex.split(re.sub(r"<\w+>", "departments", command))
    ended = CliRunner().invoke(app, words, env=environment)
    # Other tests of the stack leave figures that the doctor finds.
    assert ended.exit_code in ((0, 1) if words == ["doctor"] else (0,)), ended.output
    assert ended.output.strip()
