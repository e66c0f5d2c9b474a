"""What the CloudWatch dashboard shows: metrics by row and graph."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.constructs.alarms import PERIOD, aws_metric, own_metric
from infra.constructs.api import STAGE
from infra.constructs.function import LambdaFunction
from infra.constructs.queue import DeadLetterQueue, WorkQueue
from infra.constructs.service import Service
from infra.environments import Environment
from infra.objectives import PERMITTED_PERCENT
from waybill.metrics import catalogue
from waybill.metrics.catalogue import Metric
from waybill.metrics.embedded import DIMENSION, NAMESPACE
from waybill.metrics.source_lag import SOURCE


class Graph(NamedTuple):
    """One graph of a row."""

    title: str
    unit: str
    metrics: Sequence[cloudwatch.IMetric]


def objectives(
    environment: Environment, service: Service
) -> Mapping[str, cloudwatch.MathExpression]:
    """The share that was served, and what is left of the permitted failures, both in percent."""
    requests = (_api(service, "5XXError", "Sum"), _api(service, "Count", "Sum"))
    jobs = (
        own_metric(environment, catalogue.JOBS_GIVEN_UP, "Sum"),
        own_metric(environment, catalogue.JOBS, "Sum"),
    )
    numbers: dict[str, cloudwatch.MathExpression] = {}
    for name, (failed, all_) in {"Requests": requests, "Jobs": jobs}.items():
        used = {"failed": failed, "all": all_}
        numbers[f"{name} served, %"] = _math("100 * (1 - failed / all)", used)
        numbers[f"{name}: failures left, %"] = _math(
            f"100 * (1 - 100 * failed / all / {PERMITTED_PERCENT:.3f})", used
        )
    return numbers


def _math(expression: str, metrics: Mapping[str, cloudwatch.IMetric]) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(
        expression=expression, using_metrics=metrics, label=" ", period=PERIOD
    )


def rows(
    environment: Environment, service: Service, database: Mapping[str, cloudwatch.IMetric]
) -> Mapping[str, Sequence[Graph]]:
    """The graphs by the title of their row."""
    functions, queues = service.functions, service.queues

    def own(metric: Metric, statistic: str) -> cloudwatch.IMetric:
        return own_metric(environment, metric, statistic)

    rows = {
        "Requests": [
            Graph("Requests", "count", [_api(service, name, "Sum") for name in _API_COUNTS]),
            Graph("Latency", "ms", [_api(service, "Latency", at) for at in ("p50", "p95", "p99")]),
            _durations([functions[name] for name in ("batch", "jobs", "analytics", "lookups")]),
        ],
        "Upload": _function_graphs(functions["upload"]),
    }
    for queue, step in (("landed", "plan"), ("chunks", "load"), ("merges", "merge")):
        rows[step.capitalize()] = [_queue(queues[queue]), *_function_graphs(functions[step])]
    return rows | {
        "Jobs": [
            Graph("Jobs", "count", [own(catalogue.JOBS, "Sum"), own(catalogue.JOBS_GIVEN_UP, "Sum"),
                                    own(catalogue.JOBS_STUCK, "Maximum")]),
            Graph("Records", "count", [own(catalogue.ROWS_INGESTED, "Sum"),
                                       own(catalogue.RECORDS_REJECTED, "Sum")]),
            Graph("Largest share of rejects in a job", "%",
                  [own(catalogue.REJECT_SHARE, "Maximum")]),
            Graph("Postponed: the database or a service is away", "count",
                  [own(catalogue.MESSAGES_UNREACHED, "Sum")]),
            Graph("From landing to the end", "s",
                  [own(catalogue.INGEST_SECONDS, at) for at in ("p50", "p95")]),
        ],
        "Sources": [
            Graph("Late sources", "count", [own(catalogue.SOURCES_LATE, "Maximum")]),
            Graph("Age of the data, by source", "s", [_by_source(environment)]),
            _queue(queues["extracts"]),
            *_function_graphs(functions["extract"]),
        ],
        "Publish": [
            _dead("Events that were not delivered", service.event_rules.undelivered),
            *_function_graphs(functions["publish"]),
        ],
        "Notify": _function_graphs(functions["notify"]),
        "Refresh": [
            Graph("Age of the oldest change not shown", "s",
                  [own(catalogue.REFRESH_LAG, "Maximum")]),
            Graph("Partitions that are not archived or restored", "count",
                  [own(catalogue.LAKE_STUCK, "Maximum"), own(catalogue.LAKE_FAILURES, "Sum")]),
            *_function_graphs(functions["refresh"]),
        ],
        "Reap": _function_graphs(functions["reap"]),
        "Database": [
            Graph("Capacity", "ACU and %", list(database.values())),
            Graph("Connections and dead rows", "%",
                  [own(catalogue.CONNECTION_USE, "Maximum"), own(catalogue.BLOAT, "Maximum")]),
            Graph("Failed migrations", "count", [own(catalogue.MIGRATIONS_FAILED, "Sum")]),
        ],
    }  # fmt: skip


def _by_source(environment: Environment) -> cloudwatch.MathExpression:
    """A line for each source that has `late_after_seconds`; it is empty without one."""
    name = catalogue.SOURCE_LAG.cloudwatch
    schema = (
        f"{{{NAMESPACE},{DIMENSION},{SOURCE}}} MetricName={name} {DIMENSION}={environment.name}"
    )
    return _math(f"SEARCH('{schema}', 'Maximum')", {})


_API_COUNTS = ("Count", "4XXError", "5XXError")


def _api(service: Service, name: str, statistic: str) -> cloudwatch.Metric:
    dimensions = {"ApiName": service.api.rest.rest_api_name, "Stage": STAGE}
    return aws_metric("AWS/ApiGateway", name, statistic, dimensions)


def _queue(work: WorkQueue) -> Graph:
    queue, dead = work.queue, work.dlq.queue
    return Graph("Queue", "messages, s", [
        queue.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="Maximum"),
        queue.metric_approximate_number_of_messages_not_visible(period=PERIOD, statistic="Maximum"),
        queue.metric_approximate_age_of_oldest_message(period=PERIOD, statistic="Maximum"),
        dead.metric_approximate_number_of_messages_visible(
            period=PERIOD, statistic="Maximum", label="given up"
        ),
    ])  # fmt: skip


def _dead(title: str, queue: DeadLetterQueue) -> Graph:
    waiting = queue.queue.metric_approximate_number_of_messages_visible(
        period=PERIOD, statistic="Maximum"
    )
    return Graph(title, "count", [waiting])


def _function_graphs(function: LambdaFunction) -> list[Graph]:
    of = function.function
    return [
        Graph("Invocations", "count", [
            of.metric_invocations(period=PERIOD),
            of.metric_errors(period=PERIOD),
            of.metric_throttles(period=PERIOD),
        ]),
        Graph("Duration", "ms", [
            of.metric_duration(period=PERIOD, statistic=at, label=at) for at in ("p50", "p95")
        ]),
    ]  # fmt: skip


def _durations(functions: Iterable[LambdaFunction]) -> Graph:
    return Graph("Duration of functions, p95", "ms", [
        each.function.metric_duration(period=PERIOD, statistic="p95", label=each.spec.name)
        for each in functions
    ])  # fmt: skip
