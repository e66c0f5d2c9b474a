"""Migrate the database to what `sql/` declares, and publish the contracts to S3.

Called during a deployment, which fails when the function does; and by an operator before a major
upgrade of Aurora, with `{"action": "prepare-upgrade"}`.

A deployment calls it as CDK's provider framework does: once to begin, and then until the response
says that it is complete. So migrations may take longer than the 15 minutes of a function.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.migrate.apply_receivers import apply_receivers, check_receivers
from functions.migrate.apply_sources import apply_sources
from functions.migrate.publish_contracts import publish_contracts
from functions.migrate.settings import MigrateSettings
from waybill import telemetry
from waybill.clients import s3_client
from waybill.database.connect import connect
from waybill.database.long_scripts import Deadline, MigrationRunningError
from waybill.database.migrations import is_rolled_back_to, migrate
from waybill.database.query_costs import enable_query_statistics
from waybill.database.repository import Connection
from waybill.database.search_indexes import build_search_indexes
from waybill.database.upgrades import Upgrades
from waybill.metrics.catalogue import MIGRATIONS_FAILED
from waybill.metrics.record import count, flush_metrics
from waybill.sources.schedules import Schedules
from waybill.state.bucket import StateBucket

# A new or paused cluster takes up to a minute to accept connections.
_PATIENCE_SECONDS = 60.0
# Kept back from the function's time to connect, publish the contracts and end cleanly.
_RESERVE_SECONDS = 120.0
_BEGUN = {"PhysicalResourceId": "migration", "Data": {"Begun": "true"}}


def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Migrate and publish; or, for the action `prepare-upgrade`, take back grants.

    Returns `applied`, the paths of the applied files; `datasets`, the published names; `receivers`
    and `sources`, the names of the declared ones; and `indexes`, the statements that built or
    dropped indexes of searchable columns. A deployment is told whether it `IsComplete`.
    """
    settings = MigrateSettings.from_environment()
    telemetry.start("migrate", settings, context)
    seconds = context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS
    try:
        return _respond(event, settings, Deadline(seconds))
    except Exception as error:
        telemetry.action("migration.failed", level="error", error=error)
        count(MIGRATIONS_FAILED)
        flush_metrics()
        raise


def _respond(
    event: Mapping[str, Any], settings: MigrateSettings, deadline: Deadline
) -> dict[str, Any]:
    request = event.get("RequestType")
    if request is None:
        return _connect(event, settings, deadline)
    if "Begun" not in (event.get("Data") or {}):
        return _BEGUN
    if request == "Delete":
        return {"IsComplete": True}
    try:
        _connect(event, settings, deadline)
    except MigrationRunningError:
        telemetry.action("migration.running")
        with connect(settings, "migrate", patience_seconds=_PATIENCE_SECONDS) as connection:
            return {"IsComplete": is_rolled_back_to(connection)}
    return {"IsComplete": True}


def _connect(
    event: Mapping[str, Any], settings: MigrateSettings, deadline: Deadline
) -> dict[str, Any]:
    with connect(settings, "migrate", patience_seconds=_PATIENCE_SECONDS) as connection:
        if event.get("action") == "prepare-upgrade":
            Upgrades(connection).prepare()
            telemetry.action("database.upgrade_prepared")
            return {"prepared": True}
        return _migrate(connection, settings, deadline)


def _migrate(
    connection: Connection, settings: MigrateSettings, deadline: Deadline
) -> dict[str, Any]:
    state = StateBucket(s3_client(), settings.state_bucket)
    applied = [script.path for script in migrate(connection, deadline=deadline)]
    schedules = Schedules(settings.schedule_group, settings.schedule_target, settings.schedule_role)
    done: dict[str, Any] = {
        "applied": applied,
        "datasets": publish_contracts(connection, state.contracts),
        "receivers": apply_receivers(connection),
        "sources": apply_sources(connection, schedules),
    }
    check_receivers(connection)
    enable_query_statistics(connection)
    done["indexes"] = build_search_indexes(connection, deadline)
    # New views are stale for every existing year.
    state.markers.put("migrate")
    telemetry.action("database.migrated", **done)
    return done
