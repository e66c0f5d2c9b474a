"""Deployment → the database as `sql/` declares it, and its contracts where the doors read them.

Invoked directly, or as a custom resource: an error fails the deployment.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.migrate.publish_contracts import publish_contracts
from functions.migrate.settings import MigrateSettings
from waybill import telemetry
from waybill.clients import s3_client
from waybill.database.connect import connect
from waybill.database.migrations import migrate
from waybill.state.bucket import StateBucket

# A new or paused cluster takes its time.
_PATIENCE_SECONDS = 60.0
_RESOURCE = "waybill-database"


def handle(event: Mapping[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Migrate and publish; `applied` has the paths of the files that were due."""
    settings = MigrateSettings.from_environment()
    telemetry.start("migrate", settings)
    if event.get("RequestType") == "Delete":
        # The stack goes; what becomes of the data is the database's own removal policy.
        return {"PhysicalResourceId": _RESOURCE}
    state = StateBucket(s3_client(), settings.state_bucket)
    with connect(settings, "migrate", patience_seconds=_PATIENCE_SECONDS) as connection:
        applied = [script.path for script in migrate(connection)]
        datasets = publish_contracts(connection, state.contracts)
    # New views are stale for every year that there is.
    state.markers.put("migrate")
    telemetry.action("database.migrated", applied=applied, datasets=datasets)
    result = {"applied": applied, "datasets": datasets}
    if "RequestType" in event:
        # A custom resource's answer is limited to 4 KB.
        return {"PhysicalResourceId": _RESOURCE, "Data": {"applied": len(applied)}}
    return result
