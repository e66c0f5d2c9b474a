"""Faults of the running stack, and what an operator sees of them: logs, metrics, alarms."""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from infra.local.clients import Clients
from infra.local.function_logs import read_lines
from tests.programs import find_program, require_in_ci

_PATIENCE_SECONDS = 180
AT_ONCE = {"METRICS_SECONDS": "0"}
"""Each process keeps its metrics after each invocation."""
Line = dict[str, Any]


def until(seen: Callable[[], Any], what: str) -> Any:
    """What `seen` returns, once that is something."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := seen():
            return found
        time.sleep(0.2)
    raise TimeoutError(what)


class Operator:
    """Looks at the stack as from the beginning of a test."""

    def __init__(self, aws: Clients, http: httpx.Client) -> None:
        self.aws, self.http = aws, http
        self._since = datetime.now(UTC)

    def lines(self, function: str) -> Iterator[Line]:
        """The lines that the function has logged since."""
        lines = read_lines(self.aws, function=function, follow=False, since=self._since)
        for text in lines:
            if "{" not in text:
                continue
            try:
                line: Line = json.loads(text[text.index("{") :])
            except json.JSONDecodeError:
                continue
            if _time(line) >= self._since:
                yield line

    def logged(self, function: str, action: str, **fields: object) -> Line:
        """Its line with this action and these fields, once there is one."""

        def look() -> Line | None:
            return next(
                (
                    line
                    for line in self.lines(function)
                    if line.get("action") == action
                    and all(line.get(name) == value for name, value in fields.items())
                ),
                None,
            )

        found: Line = until(look, f"{function} has not logged {action} {fields}")
        return found

    def metric(self, name: str, **labels: str) -> float:
        """A metric of `GET /metrics`, summed up over its processes and other labels."""
        text = self.http.get("/metrics").raise_for_status().text
        expected = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(
            float(line.rpartition(" ")[2])
            for line in text.splitlines()
            if line.partition("{")[0].partition(" ")[0] == name
            and all(each in line for each in expected)
        )

    def alarm(self, name: str, *functions: str) -> None:
        """Let the deployed alarm see the metrics of these functions' logs, until it is raised.

        On AWS CloudWatch reads them from the logs; the emulator does not.
        """
        cloudwatch = self.aws("cloudwatch")
        sent: set[str] = set()
        names = [f"waybill-local-{name}"]
        (found,) = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]

        def look() -> bool:
            for function in functions:
                for line in self.lines(function):
                    if "_aws" in line and (text := json.dumps(line)) not in sent:
                        sent.add(text)
                        for metric in _data(line):
                            # CloudWatch compares the dimensions; the emulator does not.
                            if metric["MetricData"][0]["Dimensions"] == found["Dimensions"]:
                                cloudwatch.put_metric_data(**metric)
            (now,) = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
            return bool(now["StateValue"] == "ALARM")

        until(look, f"the alarm {name} is not raised")


def _time(line: Line) -> datetime:
    if "_aws" in line:
        return datetime.fromtimestamp(line["_aws"]["Timestamp"] / 1000, UTC)
    return datetime.fromisoformat(str(line.get("timestamp", "1970-01-01T00:00:00Z")))


def _data(line: Line) -> Iterator[dict[str, Any]]:
    """The metrics of a line in CloudWatch's embedded format."""
    for each in line["_aws"]["CloudWatchMetrics"]:
        (names,) = each["Dimensions"]
        dimensions = [{"Name": name, "Value": line[name]} for name in names]
        for metric in each["Metrics"]:
            value = line[metric["Name"]]
            values = value if isinstance(value, list) else [value]
            yield {
                "Namespace": each["Namespace"],
                "MetricData": [
                    {
                        "MetricName": metric["Name"],
                        "Dimensions": dimensions,
                        "Values": values,
                        "Unit": metric["Unit"],
                    }
                ],
            }


@contextmanager
def variables(aws: Clients, function: str, values: Mapping[str, str]) -> Iterator[None]:
    """Let new processes of the function have these variables of the environment too."""
    name = f"waybill-local-{function}"
    update = aws("lambda").update_function_configuration
    before = aws("lambda").get_function_configuration(FunctionName=name)["Environment"]
    update(FunctionName=name, Environment={"Variables": {**before["Variables"], **values}})
    try:
        yield
    finally:
        update(FunctionName=name, Environment=before)


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system of this size, as tmpfs has it: `1m`."""
    with tempfile.TemporaryDirectory(prefix="waybill-disk-") as folder:
        made = subprocess.run(
            [find_program("mount"), "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
            check=False,
            capture_output=True,
            text=True,
        )
        if made.returncode:
            require_in_ci(f"nothing may be mounted here: {made.stderr.strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run([find_program("umount"), folder], check=True)


def grow(disk: Path, size: str) -> None:
    """Give the disk this size."""
    command = [find_program("mount"), "-o", f"remount,size={size}", str(disk)]
    subprocess.run(command, check=True)
