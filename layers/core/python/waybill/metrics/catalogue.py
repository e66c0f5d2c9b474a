"""Every metric of Waybill: what it is called, counts and is labelled with."""

from typing import Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]
Unit = Literal["Count", "Seconds", "Percent"]
_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_WORK_SECONDS = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)


class Metric(NamedTuple):
    """A metric as Prometheus has it, and its name in CloudWatch if it has one there."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    cloudwatch: str | None = None
    unit: Unit = "Count"
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram's buckets, in seconds."""


ROWS_INGESTED = Metric(
    "waybill_rows_ingested_total", "counter", "Records that ended in the table.",
    ("dataset",), "RowsIngested",
)  # fmt: skip
RECORDS_REJECTED = Metric(
    "waybill_records_rejected_total", "counter", "Records that were refused.",
    ("dataset",), "RecordsRejected",
)  # fmt: skip
JOBS = Metric("waybill_jobs_total", "counter", "Jobs that have ended.", ("dataset", "state"),
              "JobsEnded")  # fmt: skip
JOBS_GIVEN_UP = Metric(
    "waybill_jobs_given_up_total", "counter",
    "Jobs that failed after repeated errors or a day without progress, not for their content.",
    ("step",), "JobsGivenUp",
)  # fmt: skip
INGEST_SECONDS = Metric(
    "waybill_ingest_seconds", "histogram", "Seconds from landing to the end of a job.",
    ("dataset",), "IngestSeconds", "Seconds", _WORK_SECONDS,
)  # fmt: skip
REJECT_SHARE = Metric(
    "waybill_reject_share", "histogram", "Share of a job's records that were refused.",
    ("dataset",), "RejectSharePercent", "Percent", (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0),
)  # fmt: skip
REQUESTS = Metric("waybill_http_requests_total", "counter", "Requests.",
                  ("endpoint", "method", "status"))  # fmt: skip
REQUEST_SECONDS = Metric(
    "waybill_http_request_seconds", "histogram", "Seconds to handle a request.",
    ("endpoint", "method"), buckets=_REQUEST_SECONDS,
)  # fmt: skip
QUERIES = Metric("waybill_database_queries_total", "counter", "Statements of requests.",
                 ("endpoint",))  # fmt: skip
QUERY_SECONDS = Metric("waybill_database_query_seconds_total", "counter",
                       "Seconds that requests spent on statements.", ("endpoint",))  # fmt: skip
SLOW_QUERIES = Metric("waybill_database_slow_queries_total", "counter",
                      "Statements of requests that took a second or more.",
                      ("endpoint",))  # fmt: skip
CONNECTIONS_OPENED = Metric("waybill_database_connections_opened_total", "counter",
                            "Connections that requests opened.", ("endpoint",))  # fmt: skip
CACHE_READS = Metric("waybill_cache_reads_total", "counter", "Reads of the cache.",
                     ("endpoint", "result"))  # fmt: skip
LOOKUPS = Metric("waybill_lookups_total", "counter", "Rows that were looked up, found or not.",
                 ("dataset", "strategy", "cache_status"))  # fmt: skip
MESSAGES = Metric("waybill_messages_total", "counter", "Messages of the queues.",
                  ("step", "result"))  # fmt: skip
MESSAGE_WAIT_SECONDS = Metric(
    "waybill_message_wait_seconds", "histogram", "Seconds from sending to receiving a message.",
    ("step",), buckets=_WORK_SECONDS,
)  # fmt: skip
MESSAGES_UNREACHED = Metric(
    "waybill_messages_unreached_total", "counter",
    "Messages that were postponed because the database or a service could not be reached.",
    ("step",), "MessagesUnreached",
)  # fmt: skip
MIGRATIONS_FAILED = Metric("waybill_migrations_failed_total", "counter", "Failed migrations.",
                           (), "MigrationsFailed")  # fmt: skip
LAKE_FAILURES = Metric(
    "waybill_lake_failures_total", "counter",
    "Partitions whose archiving or restoring ended with an error.", ("dataset",), "LakeFailures",
)  # fmt: skip

# Read from the database by `refresh` and `reap`, which run while it is awake.
JOBS_OPEN = Metric("waybill_jobs_open", "gauge", "Jobs that have not ended.", ("state",))
JOBS_STUCK = Metric("waybill_jobs_stuck", "gauge", "Open jobs without progress.", (),
                    "JobsNotMoving")  # fmt: skip
OLDEST_JOB_SECONDS = Metric("waybill_oldest_open_job_seconds", "gauge",
                            "Age of the oldest job that has not ended.")  # fmt: skip
CONNECTIONS = Metric("waybill_database_connections", "gauge", "Open connections.", ("role",))
CONNECTION_LIMIT = Metric("waybill_database_connection_limit", "gauge",
                          "Connections that a role may open.", ("role",))  # fmt: skip
CONNECTION_USE = Metric("waybill_database_connection_use_ratio", "gauge",
                        "Largest share of its connections that a role uses.", (),
                        "ConnectionUsePercent", "Percent")  # fmt: skip
REFRESH_LAG = Metric("waybill_refresh_lag_seconds", "gauge",
                     "Seconds since the oldest change that the views do not show.", (),
                     "RefreshLagSeconds", "Seconds")  # fmt: skip
PARTITIONS = Metric("waybill_partitions", "gauge", "Partitions of a dataset.", ("dataset",))
BLOAT = Metric("waybill_table_bloat_ratio", "gauge", "Share of dead rows in a table.",
               ("dataset",), "TableBloatPercent", "Percent")  # fmt: skip
PENDING = Metric("waybill_pending_records", "gauge", "Records that wait for a reference.",
                 ("dataset",))  # fmt: skip
LAKE_STUCK = Metric("waybill_lake_partitions_stuck", "gauge",
                    "Partitions that are to be archived or restored, and failed or did not advance"
                    " for an hour.", (), "LakePartitionsStuck")  # fmt: skip
SOURCE_FRESH_TIME = Metric("waybill_source_fresh_timestamp_seconds", "gauge",
                           "When the last loaded run of a source began to read, or the source"
                           " was made.", ("source",))  # fmt: skip
SOURCE_LATE_AFTER = Metric("waybill_source_late_after_seconds", "gauge",
                           "Lag from which on a source counts as late.", ("source",))  # fmt: skip
DATABASE_BYTES = Metric("waybill_database_bytes", "gauge", "Size of the database.")
FIGURES_TIME = Metric("waybill_database_figures_timestamp_seconds", "gauge",
                      "When the database was last read.")  # fmt: skip

# Computed from the figures of the sources, also while the database sleeps.
SOURCE_LAG = Metric("waybill_source_lag_seconds", "gauge", "Age of the data of a source.",
                    ("source",), "SourceLagSeconds", "Seconds")  # fmt: skip
SOURCES_LATE = Metric("waybill_sources_late", "gauge", "Sources whose data are late.", (),
                      "SourcesLate")  # fmt: skip

# Read from SQS when Prometheus asks.
QUEUE_MESSAGES = Metric("waybill_queue_messages", "gauge", "Messages in a queue.", ("queue",))
QUEUE_IN_FLIGHT = Metric("waybill_queue_messages_in_flight", "gauge",
                         "Messages that are being handled.", ("queue",))  # fmt: skip

METRICS: tuple[Metric, ...] = tuple(each for each in globals().values() if type(each) is Metric)
BY_NAME = {metric.name: metric for metric in METRICS}
