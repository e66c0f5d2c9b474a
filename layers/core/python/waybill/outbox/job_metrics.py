"""Metrics of jobs, counted where the end of each is published."""

from collections.abc import Mapping
from typing import Any

from waybill import telemetry
from waybill.metrics.catalogue import (
    INGEST_SECONDS,
    JOBS,
    JOBS_GIVEN_UP,
    RECORDS_REJECTED,
    REJECT_SHARE,
    ROWS_INGESTED,
)
from waybill.metrics.record import count, flush_soon, observe


def record_job_end(payload: Mapping[str, Any]) -> None:
    """Count a job that has ended, once: later events of it have no `records`."""
    records = payload.get("records")
    if records is None:
        return
    dataset = str(payload["dataset"])
    count(JOBS, dataset=dataset, state=str(payload["state"]))
    # CloudWatch computes no share of a metric that it has never seen.
    count(JOBS_GIVEN_UP, 0, step=telemetry.step())
    if telemetry.step():
        # A step may not be called again. The API, which writes batches, keeps them with requests.
        flush_soon()
    observe(INGEST_SECONDS, float(payload["seconds"]), dataset=dataset)
    if not records["read"]:
        return
    count(ROWS_INGESTED, records["loaded"], dataset=dataset)
    count(RECORDS_REJECTED, records["rejected"], dataset=dataset)
    observe(REJECT_SHARE, records["rejected"] / records["read"], dataset=dataset)
