"""What the Grafana dashboard shows: rows, panels and their queries."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from infra.objectives import DAYS, PERMITTED_PERCENT

_RATE = "$__rate_interval"
_STEPS = {
    "Plan": ("plan", "landed"),
    "Load": ("load", "chunks"),
    "Merge": ("merge", "merges"),
    "Extract": ("extract", "extracts"),
}


class Query(NamedTuple):
    """An expression of Prometheus, and the label of its series."""

    expression: str
    legend: str


class Panel(NamedTuple):
    """A graph, or a number where `kind` is `stat`."""

    title: str
    unit: str
    queries: Sequence[Query]
    kind: str = "timeseries"


def _rate(metric: str, by: str, where: str = "") -> str:
    return f"sum by ({by}) (rate({metric}{where}[{_RATE}]))"


def _quantile(share: float, metric: str, by: str = "", where: str = "") -> str:
    return f"histogram_quantile({share}, {_rate(f'{metric}_bucket', f'le{by}', where)})"


def _gauge(title: str, unit: str, metric: str, legend: str) -> Panel:
    # Every scrape has one series of each; only one process reads the database.
    return Panel(title, unit, [Query(metric, legend)])


def _counted(metric: str, span: str) -> str:
    """What processes have counted in the time; zero without any series.

    `increase` misses what a process had counted when it was first read, which of rare failures is
    all. A counter belongs to one process, so it never falls.
    """
    most = f"(sum(max_over_time({metric}[{span}])) or vector(0))"
    return f"({most} - (sum({metric} offset {span}) or vector(0)))"


def _objective(subject: str, failed: str, all_: str) -> Iterator[Panel]:
    share = f"({_counted(failed, f'{DAYS}d')} / {_counted(all_, f'{DAYS}d')})"
    served = Query(f"100 * (1 - {share})", "served")
    left = Query(f"100 * (1 - 100 * {share} / {PERMITTED_PERCENT:.3f})", "left")
    yield Panel(f"{subject} served", "percent", [served], "stat")
    yield Panel(f"{subject}: failures left", "percent", [left], "stat")


def _objectives() -> list[Panel]:
    requests = "waybill_http_requests_total"
    return [
        *_objective("Requests", f'{requests}{{status=~"5.."}}', requests),
        *_objective("Jobs", "waybill_jobs_given_up_total", "waybill_jobs_total"),
    ]


def _requests() -> list[Panel]:
    latency = "waybill_http_request_seconds"
    return [
        Panel("Requests by status", "reqps",
              [Query(_rate("waybill_http_requests_total", "status"), "{{status}}")]),
        Panel("Latency", "s",
              [Query(_quantile(at, latency), f"p{at * 100:.0f}") for at in (0.5, 0.95, 0.99)]),
        Panel("Latency by endpoint, p95", "s",
              [Query(_quantile(0.95, latency, ", endpoint"), "{{endpoint}}")]),
    ]  # fmt: skip


def _step(step: str, queue: str) -> list[Panel]:
    of_step, of_queue = f'{{step="{step}"}}', f'{{queue=~"{queue}(-dlq)?"}}'
    return [
        Panel("Messages in the queue", "short", [
            Query(f"waybill_queue_messages{of_queue}", "{{queue}}"),
            Query(f"waybill_queue_messages_in_flight{of_queue}", "{{queue}}, in flight"),
        ]),
        Panel("Messages by result", "ops",
              [Query(_rate("waybill_messages_total", "result", of_step), "{{result}}")]),
        Panel("Wait in the queue, p95", "s",
              [Query(_quantile(0.95, "waybill_message_wait_seconds", where=of_step), "p95")]),
    ]  # fmt: skip


def _jobs() -> list[Panel]:
    return [
        Panel("Jobs that ended", "ops", [
            Query(_rate("waybill_jobs_total", "state"), "{{state}}"),
            Query(_rate("waybill_jobs_given_up_total", "step"), "given up: {{step}}"),
        ]),
        Panel("Open jobs", "short", [
            Query("waybill_jobs_open", "{{state}}"),
            Query("waybill_jobs_stuck", "without progress"),
        ]),
        Panel("Postponed: the database or a service is away", "ops",
              [Query(_rate("waybill_messages_unreached_total", "step"), "{{step}}")]),
        Panel("Dead letters", "short",
              [Query('waybill_queue_messages{queue=~".*-dlq"}', "{{queue}}")]),
        _gauge("Age of the oldest open job", "s", "waybill_oldest_open_job_seconds", "oldest"),
        Panel("From landing to the end", "s",
              [Query(_quantile(0.95, "waybill_ingest_seconds", ", dataset"), "{{dataset}}, p95")]),
    ]  # fmt: skip


def _sources() -> list[Panel]:
    return [
        _gauge("Age of the data", "s", "waybill_source_lag_seconds", "{{source}}"),
        Panel("Age as a share of what is permitted", "percentunit",
              [Query("(time() - waybill_source_fresh_timestamp_seconds)"
                     " / waybill_source_late_after_seconds", "{{source}}")]),
        _gauge("Late sources", "short", "waybill_sources_late", "late"),
    ]  # fmt: skip


def _records() -> list[Panel]:
    return [
        Panel("Records into tables", "rowsps",
              [Query(_rate("waybill_rows_ingested_total", "dataset"), "{{dataset}}")]),
        Panel("Rejected records", "rowsps",
              [Query(_rate("waybill_records_rejected_total", "dataset"), "{{dataset}}")]),
        Panel("Share of rejects in a job, p95", "percentunit",
              [Query(_quantile(0.95, "waybill_reject_share", ", dataset"), "{{dataset}}")]),
        _gauge("Records that wait for a reference", "short", "waybill_pending_records",
               "{{dataset}}"),
    ]  # fmt: skip


def _queries() -> list[Panel]:
    hits = _rate("waybill_cache_reads_total", "endpoint", '{result="hit"}')
    return [
        Panel("Cache hits", "percentunit",
              [Query(f"{hits} / {_rate('waybill_cache_reads_total', 'endpoint')}",
                     "{{endpoint}}")]),
        Panel("Lookups", "ops",
              [Query(_rate("waybill_lookups_total", "strategy, cache_status"),
                     "{{strategy}}, {{cache_status}}")]),
        Panel("Statements", "ops",
              [Query(_rate("waybill_database_queries_total", "endpoint"), "{{endpoint}}"),
               Query(_rate("waybill_database_slow_queries_total", "endpoint"),
                     "{{endpoint}}, a second or more")]),
        Panel("Time in statements", "s",
              [Query(_rate("waybill_database_query_seconds_total", "endpoint"), "{{endpoint}}")]),
    ]  # fmt: skip


def _refresh() -> list[Panel]:
    return [
        _gauge("Age of the oldest change not shown", "s", "waybill_refresh_lag_seconds", "age"),
        Panel("Partitions that are not archived or restored", "short", [
            Query("waybill_lake_partitions_stuck", "not advancing"),
            Query("sum by (dataset) (increase(waybill_lake_failures_total[1d]))",
                  "failed in a day: {{dataset}}"),
        ]),
        Panel("Age of the figures of the database", "s",
              [Query("time() - waybill_database_figures_timestamp_seconds", "age")]),
        Panel("Failed migrations", "short",
              [Query(_counted("waybill_migrations_failed_total", "1h"), "failed in an hour")]),
    ]  # fmt: skip


def _database() -> list[Panel]:
    return [
        Panel("Connections", "short", [
            Query("waybill_database_connections", "{{role}}"),
            Query("waybill_database_connection_limit", "{{role}}, limit"),
        ]),
        Panel("Connections in use and opened", "percentunit", [
            Query("waybill_database_connection_use_ratio", "fullest role"),
            Query(_rate("waybill_database_connections_opened_total", "endpoint"),
                  "{{endpoint}}, opened a second"),
        ]),
        _gauge("Dead rows", "percentunit", "waybill_table_bloat_ratio", "{{dataset}}"),
        Panel("Size", "bytes", [Query("waybill_database_bytes", "database")]),
        _gauge("Partitions", "short", "waybill_partitions", "{{dataset}}"),
    ]  # fmt: skip


def rows() -> Mapping[str, Sequence[Panel]]:
    """The panels by the title of their row."""
    return {
        f"Objective of {DAYS} days": _objectives(),
        "Requests": _requests(),
        **{title: _step(*names) for title, names in _STEPS.items()},
        "Jobs": _jobs(),
        "Records": _records(),
        "Sources": _sources(),
        "Queries and cache": _queries(),
        "Refresh": _refresh(),
        "Database": _database(),
    }
