"""Synthesise one environment: `cdk synth -c env=dev`, or `python -m infra.app`."""

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from aws_cdk import App, Tags

from infra.alerts import Alerts, InvalidAlertsError
from infra.code_signing import CodeSigning, InvalidSigningError
from infra.context import context
from infra.environments import (
    ENVIRONMENTS,
    Environment,
    InvalidOriginError,
    UnknownTargetError,
    choose,
)
from infra.error_tracking import ErrorTracker, InvalidTrackerError
from infra.identity import ExternalIssuer, InvalidIdentityError
from infra.machines import InvalidMachineError, parse_machines
from infra.offsite import InvalidOffsiteError, Offsite
from infra.restore import InvalidRestoreError, Restore
from infra.stacks.local import LocalStack
from infra.stacks.on_aws import DataStack, ErrorStack, Named, ServiceContext, ServiceStack

_INVALID = (
    UnknownTargetError,
    InvalidRestoreError,
    InvalidIdentityError,
    InvalidOriginError,
    InvalidAlertsError,
    InvalidOffsiteError,
    InvalidTrackerError,
    InvalidMachineError,
    InvalidSigningError,
)


def choose_environment(app: App) -> Environment:
    """The environment of `-c env=…`, else of `WAYBILL_ENV`.

    Raises:
        UnknownTargetError: none is chosen, or not for this account.
        InvalidOriginError: the origin of its pages is not an origin.
    """
    name = app.node.try_get_context("env") or os.environ.get("WAYBILL_ENV")
    if not name:
        raise UnknownTargetError(
            f"Choose an environment: -c env=… with one of {', '.join(ENVIRONMENTS)}."
        )
    accounts: dict[str, str] = app.node.try_get_context("accounts") or {}
    origins: dict[str, str] = app.node.try_get_context("browser_origin") or {}
    chosen = choose(
        str(name),
        account=accounts.get(str(name)),
        region=os.environ.get("CDK_DEFAULT_REGION"),
        current=os.environ.get("CDK_DEFAULT_ACCOUNT"),
        browser_origin=origins.get(str(name)),
    )
    # In an outage the alarms that end a deployment are raised already.
    at_once = app.node.try_get_context("canary") == "off"
    return replace(chosen, canary=chosen.canary and not at_once)


def _of(app: App, environment: Environment, name: str) -> Any:  # noqa: ANN401 - any JSON
    """What the context `name` has for the environment; None for nothing."""
    return (app.node.try_get_context(name) or {}).get(environment.name)


def _named(app: App, environment: Environment) -> Named:
    return Named(
        alerts=Alerts.from_context(_of(app, environment, "alerts")),
        restore=Restore.from_context(_of(app, environment, "restore")),
        issuer=ExternalIssuer.from_context(_of(app, environment, "identity")),
        offsite=Offsite.from_context(_of(app, environment, "offsite")),
    )


def build(app: App, environment: Environment) -> None:
    """Add the stacks of `environment` to `app`."""
    # Inside the assembly, so that concurrent syntheses do not share a folder.
    sources = Path(app.outdir) / "sources"
    shutil.rmtree(sources, ignore_errors=True)
    tracker = ErrorTracker.from_context(_of(app, environment, "error_tracking"))
    if environment.is_local:
        LocalStack(app, environment, sources, tracker)
    else:
        data = DataStack(app, environment, _named(app, environment))
        machines = parse_machines(_of(app, environment, "machines"))
        signing = CodeSigning.from_context(_of(app, environment, "code_signing"))
        named = ServiceContext(machines, signing)
        service = ServiceStack(app, environment, data, sources, named)
        if tracker:
            ErrorStack(app, environment, service, tracker)
    Tags.of(app).add("project", "waybill")
    Tags.of(app).add("environment", environment.name)


def main() -> None:
    """Synthesise the chosen environment."""
    app = App(context=context(), analytics_reporting=False)
    try:
        build(app, choose_environment(app))
    except _INVALID as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
