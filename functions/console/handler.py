"""Publish the console's files during a deployment.

Called as CDK's provider framework does. The files are in the function's own package, so a new
version of them is a new version of the function.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.console.publish_console import console_files, publish
from functions.console.settings import ConsoleSettings
from waybill import telemetry
from waybill.clients import s3_client


def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Publish the files with `config.json`, the property `Config`; remove all when deleted."""
    settings = ConsoleSettings.from_environment()
    telemetry.start("console", settings, context)
    is_deleted = event["RequestType"] == "Delete"
    files = [] if is_deleted else console_files(event["ResourceProperties"]["Config"])
    removed = publish(s3_client(), settings.console_bucket, files)
    telemetry.action("console.published", files=len(files), removed=removed)
    # Always the same: another id would make CloudFormation delete the former resource.
    return {"PhysicalResourceId": "console"}
