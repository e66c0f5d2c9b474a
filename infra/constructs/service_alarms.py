"""The alarms of the service: queues, jobs, requests, functions and figures of the database."""

from collections.abc import Mapping

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from constructs import Construct

from infra.constructs.alarms import PERIOD, Condition, alarm, aws_metric, own_metric
from infra.constructs.api import STAGE, Api
from infra.constructs.function import LambdaFunction
from infra.constructs.queue import WorkQueue
from infra.environments import Environment
from infra.thresholds import THRESHOLDS
from waybill.metrics import catalogue

# They answer without waiting for a job.
PROMPT = ("batch", "datasets", "lookups", "upload")
PIPELINE = ("plan", "load", "merge", "extract", "publish", "notify", "refresh", "reap")
_LEAST_REQUESTS = 20
SLOW_MS = 2000
"""The p95 at which an endpoint that waits for nothing is slow."""
FAILED_INVOCATIONS = 5
"""In each of two periods; of the functions of the pipeline together."""


class ServiceAlarms(Construct):
    """One alarm for each way in which the service can need a person."""

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        queues: Mapping[str, WorkQueue],
        functions: Mapping[str, LambdaFunction],
        api: Api,
    ) -> None:
        """Create the alarms."""
        super().__init__(scope, "Alarms")
        self._environment = environment
        self.of_requests: list[cloudwatch.Alarm] = []
        """Those that show that a release is bad."""
        self._oldest_messages(queues)
        self._jobs()
        self._sources()
        self._lake()
        self._database()
        if not environment.is_local:
            # The emulator has no metrics of its services, and no metric math.
            self._requests(functions, api)
            self._functions(functions)
            self._rollback()

    def _alarm(
        self, name: str, meaning: str, condition: Condition, runbook: str | None = None
    ) -> cloudwatch.Alarm:
        return alarm(self, self._environment, name, meaning, condition, runbook=runbook)

    def _over(self, metric: catalogue.Metric, statistic: str, periods: int = 1) -> Condition:
        own = own_metric(self._environment, metric, statistic)
        return Condition(own, THRESHOLDS[metric], periods)

    def _oldest_messages(self, queues: Mapping[str, WorkQueue]) -> None:
        for name, work in queues.items():
            age = work.queue.metric_approximate_age_of_oldest_message(
                period=PERIOD, statistic="Maximum"
            )
            self._alarm(
                f"{name}-old",
                f"The oldest message of {name} waits for 15 minutes.",
                Condition(age, 900, 2),
                "oldest-message",
            )

    def _jobs(self) -> None:
        self._alarm(
            "jobs-not-moving",
            "Open jobs make no progress.",
            self._over(catalogue.JOBS_STUCK, "Maximum", 2),
        )
        self._alarm(
            "jobs-given-up",
            "Jobs failed after repeated errors, not for their content.",
            self._over(catalogue.JOBS_GIVEN_UP, "Sum"),
        )
        self._alarm(
            "unreachable",
            "Files wait, because the database or a service cannot be reached.",
            # A paused database is awake again within one period.
            self._over(catalogue.MESSAGES_UNREACHED, "Sum", 2),
        )
        self._alarm(
            "reject-share",
            "Half of a file's records were refused.",
            self._over(catalogue.REJECT_SHARE, "Maximum"),
        )
        self._alarm(
            "migration-failed",
            "A migration failed, and with it the deployment.",
            self._over(catalogue.MIGRATIONS_FAILED, "Sum"),
        )

    def _sources(self) -> None:
        self._alarm(
            "sources-late",
            "The data of a source are older than its late_after_seconds.",
            self._over(catalogue.SOURCES_LATE, "Maximum"),
        )

    def _lake(self) -> None:
        self._alarm(
            "lake-failed",
            "A partition could not be archived or restored.",
            self._over(catalogue.LAKE_FAILURES, "Sum"),
        )
        self._alarm(
            "lake-stuck",
            "A partition is not archived or restored: it failed, or does not advance.",
            self._over(catalogue.LAKE_STUCK, "Maximum", 2),
            "lake-failed",
        )

    def _database(self) -> None:
        self._alarm(
            "refresh-lag",
            "The views are 15 minutes behind.",
            self._over(catalogue.REFRESH_LAG, "Maximum", 2),
        )
        self._alarm(
            "table-bloat",
            "Four of ten rows of a table are dead.",
            self._over(catalogue.BLOAT, "Maximum", 3),
        )
        self._alarm(
            "connections",
            "A role has opened four fifths of its connections.",
            self._over(catalogue.CONNECTION_USE, "Maximum", 2),
        )

    def _requests(self, functions: Mapping[str, LambdaFunction], api: Api) -> None:
        dimensions = {"ApiName": api.rest.rest_api_name, "Stage": STAGE}
        share = cloudwatch.MathExpression(
            expression=f"IF(requests >= {_LEAST_REQUESTS}, 100 * errors / requests, 0)",
            using_metrics={
                "errors": aws_metric("AWS/ApiGateway", "5XXError", "Sum", dimensions),
                "requests": aws_metric("AWS/ApiGateway", "Count", "Sum", dimensions),
            },
            label="Failed requests, percent",
            period=PERIOD,
        )
        errors = self._alarm("api-errors", "One of 100 requests fails.", Condition(share, 1, 2))
        slowest = cloudwatch.MathExpression(
            expression=f"MAX([{', '.join(PROMPT)}])",
            using_metrics={
                name: functions[name].function.metric_duration(statistic="p95", period=PERIOD)
                for name in PROMPT
            },
            label="Slowest p95, milliseconds",
            period=PERIOD,
        )
        slow = self._alarm(
            "api-slow", "The p95 of an endpoint is 2 s.", Condition(slowest, SLOW_MS, 3)
        )
        self.of_requests.extend((errors, slow))

    def _functions(self, functions: Mapping[str, LambdaFunction]) -> None:
        errors = cloudwatch.MathExpression(
            expression=" + ".join(f"FILL({name}, 0)" for name in PIPELINE),
            using_metrics={
                name: functions[name].function.metric_errors(statistic="Sum", period=PERIOD)
                for name in PIPELINE
            },
            label="Failed invocations",
            period=PERIOD,
        )
        self._alarm(
            "function-errors",
            "Functions of the pipeline fail.",
            Condition(errors, FAILED_INVOCATIONS, 2),
        )
        # Of all functions in the region: an alarm cannot watch as many as there are here.
        throttles = aws_metric("AWS/Lambda", "Throttles", "Sum")
        self._alarm("throttles", "Invocations are throttled.", Condition(throttles, 10, 2))

    def _rollback(self) -> None:
        stack = Stack.of(self)
        prefix = f"waybill-{self._environment.name}"
        failed = events.Rule(
            self,
            "RollbackFailed",
            description="A deployment could not be rolled back",
            event_pattern=events.EventPattern(
                source=["aws.cloudformation"],
                detail_type=["CloudFormation Stack Status Change"],
                detail={
                    "stack-id": [
                        {
                            "prefix": stack.format_arn(
                                service="cloudformation", resource="stack", resource_name=prefix
                            )
                        }
                    ],
                    "status-details": {"status": ["ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"]},
                },
            ),
        )
        matched = aws_metric("AWS/Events", "MatchedEvents", "Sum", {"RuleName": failed.rule_name})
        self._alarm(
            "rollback-failed", "A deployment could not be rolled back.", Condition(matched, 1)
        )
