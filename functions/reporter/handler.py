"""Subscription of the functions' logs → events of a Sentry-compatible error tracker."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.reporter.dsn import read_dsn
from functions.reporter.log_lines import read_lines
from functions.reporter.post import post
from functions.reporter.report import reports
from functions.reporter.settings import ReporterSettings
from waybill import telemetry


def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, int]:
    """Send what the log lines report. Returns how many events were sent.

    Raises:
        UnreachedError: the tracker or the secret; Lambda delivers the lines again.
        BadDsnError: the secret holds no DSN.
    """
    settings = ReporterSettings.from_environment()
    telemetry.start("reporter", settings, context)
    found = list(reports(read_lines(event), settings.report_environment))
    if found:
        dsn = read_dsn(settings.dsn_secret)
        for each in found:
            post(dsn, each)
    return {"sent": len(found)}
