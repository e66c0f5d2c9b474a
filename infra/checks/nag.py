"""cdk-nag's rules for AWS solutions, on a synthesised environment."""

import json
from pathlib import Path

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.app import build
from infra.checks.findings import Finding
from infra.context import context
from infra.environments import choose


def synthesise(environment: str, folder: Path) -> None:
    """Write the templates of `environment` and cdk-nag's report into `folder`."""
    unstaged = {"aws:cdk:disable-asset-staging": True}
    app = App(outdir=str(folder), context={**context(), **unstaged}, analytics_reporting=False)
    build(app, choose(environment))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        # The CDK writes the report and then fails for it; `findings` reads the report.
        if "ValidationFailed" not in str(error):
            raise


def findings(environment: str, folder: Path) -> list[Finding]:
    """The findings in the report that `synthesise` wrote.

    Raises:
        LookupError: there is no report of cdk-nag.
    """
    reports = json.loads((folder / "validation-report.json").read_text())["pluginReports"]
    ours = [report for report in reports if report["pluginName"] == "AwsSolutions"]
    if not ours:
        raise LookupError(f"{folder} has no report of cdk-nag.")
    return [
        Finding(
            environment,
            violation["ruleName"],
            # The stack's name differs between environments.
            construct["constructPath"].partition("/")[2],
            violation["description"],
        )
        for violation in ours[0]["violations"]
        for construct in violation["violatingConstructs"]
    ]
