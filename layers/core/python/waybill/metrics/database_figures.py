"""Keeps the figures of the database while it is awake; never connects by itself."""

from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from waybill import telemetry
from waybill.clients import s3_client
from waybill.database.figures import Figures
from waybill.database.repository import Connection
from waybill.errors import WaybillError
from waybill.metrics.catalogue import Metric
from waybill.metrics.embedded import write_embedded
from waybill.metrics.record import in_unit
from waybill.metrics.registry import Series
from waybill.metrics.source_lag import write_source_lags
from waybill.metrics.stored import StoredMetrics
from waybill.settings import MetricsSettings

_STUCK_MINUTES = 15


def record_figures(
    connection: Connection, settings: MetricsSettings, stuck_minutes: int = _STUCK_MINUTES
) -> None:
    """Read the figures, write those with alarms to the log, and keep all of them.

    A failure is logged: figures must not fail the work that they describe.
    """
    try:
        figures = Figures(connection).read(stuck_minutes)
    except WaybillError as error:
        telemetry.action("figures.unread", level="warning", detail=error.detail)
        return
    # A routine of a later release, which a deployment installs first, may have other figures.
    read = [Series.from_json([*each, ()]) for each in figures]
    series = [each for each in read if each]
    largest: dict[Metric, float] = {}
    for each in series:
        value = in_unit(each.metric, each.value)
        largest[each.metric] = max(largest.get(each.metric, value), value)
    write_embedded(largest)
    write_source_lags(series)
    if settings.metrics_bucket:
        _keep(series, settings.metrics_bucket)


def _keep(series: Sequence[Series], bucket: str) -> None:
    try:
        kept = StoredMetrics(s3_client(), bucket).put_database(series)
        detail = "" if kept else "Other processes replaced the figures at every try."
    except (ClientError, BotoCoreError, WaybillError) as error:
        detail = str(error)
    if detail:
        telemetry.action("metrics.unwritten", level="warning", detail=detail)
