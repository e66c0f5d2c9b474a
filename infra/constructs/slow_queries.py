"""An alarm on slow statements of the API, counted in the database's log."""

from aws_cdk import Duration
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.alarms import Condition, alarm
from infra.environments import Environment
from infra.functions import FUNCTIONS

_PERIOD = Duration.minutes(5)
TOLERATED = 10


def pattern() -> str:
    """Lines that begin with the name of an API function's role and have a duration.

    A load takes seconds by nature, so statements of the pipeline are not counted.
    """
    roles = {spec.role for spec in FUNCTIONS.values() if spec.package.startswith("api.")}
    names = "|".join(sorted(role for role in roles if role))
    return f"%:({names})@.*duration: %"


class SlowQueries(Construct):
    """Counts what `log_min_duration_statement` logs; the alarm is raised when it is a lot."""

    def __init__(self, scope: Construct, log: logs.ILogGroup) -> None:
        """Create the metric for the database that writes to `log`."""
        super().__init__(scope, "SlowQueries")
        self._count = logs.MetricFilter(
            self,
            "Count",
            log_group=log,
            filter_pattern=logs.FilterPattern.literal(pattern()),
            metric_namespace="Waybill",
            metric_name="SlowQueries",
            metric_value="1",
        )

    def add_alarm(self, environment: Environment) -> None:
        """Create the alarm."""
        alarm(
            self,
            environment,
            "slow-queries",
            "Requests wait for slow statements: GET /admin/queries has them, the"
            " database's log their plans.",
            Condition(self._count.metric(statistic="Sum", period=_PERIOD), TOLERATED, 2),
        )
