"""The CloudWatch dashboard: the objectives, then a row per step of a file's path."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs import dashboard_metrics as shown
from infra.constructs.dashboard_metrics import Graph
from infra.constructs.service import Service
from infra.environments import Environment
from infra.objectives import DAYS, SERVED_PERCENT

_WIDTH = 24
_HEIGHT = 6


class Dashboard(Construct):
    """The dashboard `waybill-<env>`.

    Its numbers cover the time that is shown: the days of the objective, or what the reader
    chooses.
    """

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        service: Service,
        database: Mapping[str, cloudwatch.IMetric],
    ) -> None:
        """Create the dashboard; `database` has the cluster's own metrics by label."""
        super().__init__(scope, "Dashboard")
        self._environment = environment
        self._page = cloudwatch.Dashboard(
            self,
            "Page",
            dashboard_name=f"waybill-{environment.name}",
            default_interval=Duration.days(DAYS),
            period_override=cloudwatch.PeriodOverride.AUTO,
        )
        self._objectives(service)
        for title, graphs in shown.rows(environment, service, database).items():
            self._row(title, list(_widgets(graphs)))

    def _objectives(self, service: Service) -> None:
        numbers = [
            cloudwatch.SingleValueWidget(
                title=title,
                metrics=[metric],
                width=_WIDTH // 4,
                height=4,
                set_period_to_time_range=True,
                full_precision=False,
            )
            for title, metric in shown.objectives(self._environment, service).items()
        ]
        self._row(f"Objective: {SERVED_PERCENT} % of requests and jobs in {DAYS} days", numbers)

    def show_alarms(self, names: Iterable[str]) -> None:
        """Add the state of the alarms of these names at the end."""
        stack = Stack.of(self)
        states = cloudwatch.AlarmStatusWidget(
            title="Alarms",
            width=_WIDTH,
            height=_HEIGHT,
            alarms=[
                cloudwatch.Alarm.from_alarm_arn(
                    self,
                    f"Shown{name}",
                    stack.format_arn(
                        service="cloudwatch",
                        resource="alarm",
                        resource_name=name,
                        arn_format=ArnFormat.COLON_RESOURCE_NAME,
                    ),
                )
                for name in sorted(names)
            ],
        )
        self._row("What needs a person", [states])

    def _row(self, title: str, widgets: Sequence[cloudwatch.IWidget]) -> None:
        heading = cloudwatch.TextWidget(markdown=f"## {title}", width=_WIDTH, height=1)
        self._page.add_widgets(heading)
        self._page.add_widgets(*widgets)


def _widgets(graphs: Sequence[Graph]) -> Iterator[cloudwatch.IWidget]:
    for graph in graphs:
        yield cloudwatch.GraphWidget(
            title=graph.title,
            left=list(graph.metrics),
            left_y_axis=cloudwatch.YAxisProps(min=0, label=graph.unit, show_units=False),
            width=_WIDTH // len(graphs),
            height=_HEIGHT,
        )
