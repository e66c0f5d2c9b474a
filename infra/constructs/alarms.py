"""The alarm construct: every alarm has a runbook, and tells the environment's receivers."""

from collections.abc import Mapping
from typing import NamedTuple, cast

from aws_cdk import Duration
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct, IConstruct

from infra.alerts import Alerts
from infra.environments import Environment
from waybill.metrics.catalogue import Metric
from waybill.metrics.embedded import DIMENSION, NAMESPACE

PERIOD = Duration.minutes(5)
RUNBOOK = "Runbook: "


class Condition(NamedTuple):
    """A metric at or above a threshold, for so many periods."""

    metric: cloudwatch.IMetric
    threshold: float
    periods: int = 1


def own_metric(environment: Environment, metric: Metric, statistic: str) -> cloudwatch.Metric:
    """A metric that the functions write to their log (`waybill.metrics`).

    Raises:
        ValueError: it has no name in CloudWatch.
    """
    if metric.cloudwatch is None:
        raise ValueError(f"{metric.name} is not written to CloudWatch.")
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=metric.cloudwatch,
        dimensions_map={DIMENSION: environment.name},
        statistic=statistic,
        period=PERIOD,
    )


def aws_metric(
    namespace: str, name: str, statistic: str, dimensions: Mapping[str, str] | None = None
) -> cloudwatch.Metric:
    """A metric that an AWS service writes."""
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dict(dimensions or {}),
        statistic=statistic,
        period=PERIOD,
    )


def alarm(  # noqa: PLR0913 - an alarm has that many parts
    scope: Construct,
    environment: Environment,
    name: str,
    meaning: str,
    condition: Condition,
    *,
    runbook: str | None = None,
) -> cloudwatch.Alarm:
    """The alarm `waybill-<env>-<name>`; its runbook is `infra/runbooks/<runbook or name>.md`."""
    return cloudwatch.Alarm(
        scope,
        "".join(part.capitalize() for part in name.split("-")) + "Alarm",
        alarm_name=f"waybill-{environment.name}-{name}",
        alarm_description=f"{meaning} {RUNBOOK}{runbook or name}",
        metric=condition.metric,
        threshold=condition.threshold,
        evaluation_periods=condition.periods,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        # Most metrics are written only while there is work.
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )


class AlarmTopic(Construct):
    """The topic of all alarms, with its subscribers."""

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        alerts: Alerts,
        key: kms.IKey | None = None,
    ) -> None:
        """Create the topic, encrypted with `key` where the environment has one."""
        super().__init__(scope, "Alerts")
        self._runbooks = alerts.runbooks_url
        self.topic = sns.Topic(
            self,
            "Topic",
            display_name=f"Waybill {environment.name}",
            master_key=key,
            enforce_ssl=True,
        )
        for address in alerts.email:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))
        if alerts.slack_workspace and alerts.slack_channel:
            chatbot.SlackChannelConfiguration(
                self,
                "Slack",
                slack_channel_configuration_name=f"waybill-{environment.name}",
                slack_workspace_id=alerts.slack_workspace,
                slack_channel_id=alerts.slack_channel,
                notification_topics=[self.topic],
            )

    def subscribe_alarms(self, scope: IConstruct) -> None:
        """Let every alarm below `scope` notify the topic, and name its runbook's address."""
        for each in scope.node.find_all():
            if isinstance(each, cloudwatch.Alarm):
                each.add_alarm_action(actions.SnsAction(self.topic))
                each.add_ok_action(actions.SnsAction(self.topic))
                made = cast(cloudwatch.CfnAlarm, each.node.default_child)
                text = str(made.alarm_description)
                meaning, _, runbook = text.partition(RUNBOOK)
                made.alarm_description = f"{meaning}{RUNBOOK}{self._runbooks}/{runbook}.md"


def alarm_names(*scopes: IConstruct) -> list[str]:
    """The names of all alarms below `scopes`."""
    return [
        str(cast(cloudwatch.CfnAlarm, each.node.default_child).alarm_name)
        for scope in scopes
        for each in scope.node.find_all()
        if isinstance(each, cloudwatch.Alarm)
    ]
