"""Synthesise one environment: `cdk synth -c env=dev`, or `python -m infra.app`."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from aws_cdk import App, Tags

from infra.bootstrap import ROOT
from infra.environments import Environment, choose
from infra.stacks.local import LocalStack
from infra.stacks.on_aws import DataStack, ServiceStack


def context() -> dict[str, Any]:
    """The context of cdk.json, which only the CDK CLI reads by itself."""
    values: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return values


def chosen(app: App) -> Environment:
    """The environment of `-c env=…`, else of WAYBILL_ENV, else local."""
    name = app.node.try_get_context("env") or os.environ.get("WAYBILL_ENV") or "local"
    return choose(
        str(name),
        os.environ.get("CDK_DEFAULT_ACCOUNT"),
        os.environ.get("CDK_DEFAULT_REGION"),
    )


def build(app: App, environment: Environment) -> None:
    """Add the stacks of `environment` to `app`."""
    # Inside the assembly, so that concurrent syntheses do not share a folder.
    sources = Path(app.outdir) / "sources"
    shutil.rmtree(sources, ignore_errors=True)
    if environment.is_local:
        LocalStack(app, environment, sources)
    else:
        ServiceStack(app, environment, DataStack(app, environment), sources)
    Tags.of(app).add("project", "waybill")
    Tags.of(app).add("environment", environment.name)


def main() -> None:
    """Synthesise the chosen environment."""
    app = App(context=context(), analytics_reporting=False)
    build(app, chosen(app))
    app.synth()


if __name__ == "__main__":
    main()
