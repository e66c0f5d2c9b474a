"""Migrate the database to what `sql/` declares, and publish the contracts to S3.

Invoked by CDK's Trigger during a deployment, which fails when the function does; and by an
operator before a major upgrade of Aurora, with `{"action": "prepare-upgrade"}`.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.migrate.apply_sources import apply_sources
from functions.migrate.publish_contracts import publish_contracts
from functions.migrate.settings import MigrateSettings
from waybill import telemetry
from waybill.clients import s3_client
from waybill.database.connect import connect
from waybill.database.migrations import migrate
from waybill.database.query_costs import enable_query_statistics
from waybill.database.search_indexes import build_search_indexes
from waybill.database.upgrades import Upgrades
from waybill.metrics.catalogue import MIGRATIONS_FAILED
from waybill.metrics.record import count
from waybill.state.bucket import StateBucket

# A new or paused cluster takes up to a minute to accept connections.
_PATIENCE_SECONDS = 60.0


def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Migrate and publish; or, for the action `prepare-upgrade`, take back grants.

    Returns `applied`, the paths of the applied files; `datasets`, the published names; `sources`,
    the names of the declared ones; and `indexes`, the statements that built or dropped indexes of
    searchable columns.
    """
    settings = MigrateSettings.from_environment()
    telemetry.start("migrate", settings, context)
    try:
        return _migrate(event, settings)
    except Exception as error:
        telemetry.action("migration.failed", level="error", error=error)
        count(MIGRATIONS_FAILED)
        raise


def _migrate(event: Mapping[str, Any], settings: MigrateSettings) -> dict[str, Any]:
    state = StateBucket(s3_client(), settings.state_bucket)
    with connect(settings, "migrate", patience_seconds=_PATIENCE_SECONDS) as connection:
        if event.get("action") == "prepare-upgrade":
            Upgrades(connection).prepare()
            telemetry.action("database.upgrade_prepared")
            return {"prepared": True}
        applied = [script.path for script in migrate(connection)]
        datasets = publish_contracts(connection, state.contracts)
        sources = apply_sources(connection)
        enable_query_statistics(connection)
        indexes = build_search_indexes(connection)
    # New views are stale for every existing year.
    state.markers.put("migrate")
    done: dict[str, Any] = {
        "applied": applied,
        "datasets": datasets,
        "sources": sources,
        "indexes": indexes,
    }
    telemetry.action("database.migrated", **done)
    return done
