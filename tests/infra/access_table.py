"""What each function may touch, as the table in `infra/README.md`.

`python -m tests.infra.access_table` writes it, from the synthesised templates of `dev` and from
`sql/roles.sql`; a test checks that it is up to date.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from aws_cdk import App

from infra.app import build
from infra.bootstrap import ROOT
from infra.context import context
from infra.environments import choose
from tests.infra.template import Statement, Synthesised, listed, text

README = ROOT / "infra" / "README.md"
START, END = "<!-- access: generated -->\n", "<!-- /access -->\n"
# What every function in the VPC, or every function, has.
_COMMON = ("logs:", "ec2:", "xray:", "rds-db:", "kms:")
_QUEUE = re.compile(r"\$\{Service(\w+?)(Dlq|Dead|DeadLetter)?Queue[0-9A-F]{8}\.Arn\}")
_BUCKET = re.compile(
    r"\$\{Buckets(Landing|State)[0-9A-F]{8}(?:\.Arn|Arn[0-9A-F]{8})?\}(?:/((?:\w+/)+)\*)?"
)
_OTHERS = {
    "${ConsoleFiles": "the console's bucket",
    "/receivers/": "secrets of receivers",
    "-notify-": "topics of receivers",
    "-deliveries/": "schedules of deliveries",
    "DeliverySchedulesRole": "the role of those schedules",
    "secret:waybill/": "secrets of sources",
    "schedule/waybill-": "schedules of sources",
    "SourceSchedulesRole": "the role of the schedules",
    ":function:": "function `extract`",
}
_ROLE = re.compile(r"define_role\('(\w+)'.*?routines => '\{(.*?)\}'(.*?)\);", re.DOTALL)
_TABLE = re.compile(r'"(?:waybill\.)?(\w+)": ?\s*"(\w+)')


def _resource(value: object, statement: Statement) -> str:
    """A resource as one would name it: `landing bucket landing/`, `queue chunks`."""
    name = text(value)
    if bucket := _BUCKET.fullmatch(name):
        conditions = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", [])
        prefix = bucket[2] or "".join(listed(conditions)).removesuffix("*")
        return f"{bucket[1].lower()} bucket" + (f" `{prefix}`" if prefix else "")
    if queue := _QUEUE.fullmatch(name):
        # The dead-letter queue that the event rules share.
        of = queue[1].lower().replace("eventrules", "undelivered")
        return f"queue {of}" + (" (dead letters)" if queue[2] else "")
    if "event-bus/" in name:
        return "event bus, as `waybill`"
    for part, words in _OTHERS.items():
        if part in name:
            return words
    if "Secret" in name:
        return "the administrator's secret"
    raise ValueError(f"No words for {name}.")


def _grants(statements: list[Statement]) -> Iterator[tuple[str, str]]:
    for statement in statements:
        for action in listed(statement["Action"]):
            if not action.startswith(_COMMON):
                for value in listed(statement["Resource"]):
                    yield _resource(value, statement), action.partition(":")[2]


def _on_aws(statements: list[Statement]) -> str:
    grouped = groupby(sorted(set(_grants(statements))), key=lambda grant: grant[0])
    return "; ".join(
        f"{resource}: {', '.join(action for _, action in grants)}" for resource, grants in grouped
    )


def _in_database() -> Mapping[str, str]:
    """Role → routines and tables, of the page of roles."""
    page = (ROOT / "sql" / "roles.sql").read_text()
    return {
        role: ", ".join(
            [
                *sorted(re.findall(r"\w+", routines)),
                *(f"{table} ({verb})" for table, verb in _TABLE.findall(rest)),
                *(["staging tables of its jobs"] if "stages => true" in rest else []),
            ]
        )
        for role, routines, rest in _ROLE.findall(page)
    }


def table(synthesised: Synthesised) -> str:
    """The table in Markdown; `synthesised` is an environment on AWS."""
    roles = {**_in_database(), "admin": "administrator"}
    lines = ["| function | on AWS | in the database |", "| --- | --- | --- |"]
    for step, function in sorted(synthesised.functions().items()):
        user = str(function["Environment"]["Variables"].get("DATABASE_USER", ""))
        database = roles[user.removeprefix("waybill_")] if user else "—"
        lines.append(
            f"| `{step}` | {_on_aws(synthesised.statements_of(step)) or '—'} | {database} |"
        )
    return "\n".join(lines) + "\n"


def written() -> str:
    """The table as the README has it."""
    return README.read_text().partition(START)[2].partition(END)[0]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        app = App(outdir=folder, context=context(), analytics_reporting=False)
        build(app, choose("dev"))
        app.synth()
        found = table(Synthesised.read("dev", Path(folder)))
    before, _, rest = README.read_text().partition(START)
    README.write_text(before + START + found + END + rest.partition(END)[2])
