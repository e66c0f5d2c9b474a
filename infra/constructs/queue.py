"""The one queue construct: a queue never comes without its DLQ and an alarm on it."""

from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.function import LambdaFunction
from infra.environments import Environment

_KEPT = Duration.days(14)  # the longest that SQS keeps a message
_RECEIVES = 5


class DeadLetterQueue(Construct):
    """A queue of what could not be delivered or done, with an alarm when it is not empty."""

    def __init__(self, scope: Construct, name: str, *, environment: Environment) -> None:
        """Make the queue `waybill-<env>-<name>`."""
        super().__init__(scope, "Dlq")
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"waybill-{environment.name}-{name}",
            retention_period=_KEPT,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=environment.speaks_tls,
            removal_policy=RemovalPolicy.DESTROY,
        )
        cloudwatch.Alarm(
            self,
            "Alarm",
            alarm_name=f"waybill-{environment.name}-{name}",
            alarm_description=f"Messages lie in {name}: find out why, then redrive them.",
            metric=self.queue.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(1), statistic="Maximum"
            ),
            threshold=1,
            evaluation_periods=1,
            comparison_operator=(cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD),
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )


class WorkQueue(Construct):
    """A queue of work for one step."""

    def __init__(
        self, scope: Construct, name: str, *, environment: Environment, consumer_seconds: int
    ) -> None:
        """Make the queue; `consumer_seconds` is the timeout of the function that works on it."""
        super().__init__(scope, name.capitalize())
        self.dead_letters = DeadLetterQueue(self, f"{name}-dlq", environment=environment)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"waybill-{environment.name}-{name}",
            # Lambda polls again within the timeout of a try; below six times of it, a message
            # could be seen twice while it is still being worked on.
            visibility_timeout=Duration.seconds(6 * consumer_seconds),
            retention_period=_KEPT,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=environment.speaks_tls,
            dead_letter_queue=sqs.DeadLetterQueue(
                max_receive_count=_RECEIVES, queue=self.dead_letters.queue
            ),
            removal_policy=RemovalPolicy.DESTROY,
        )

    def feed(self, consumer: LambdaFunction, *, at_once: int) -> None:
        """Let the step work on the queue, one message an invocation, `at_once` at a time.

        The cap protects the database: what is over it waits here and is not thrown back.
        """
        consumer.function.add_event_source(
            sources.SqsEventSource(
                self.queue,
                batch_size=1,
                max_concurrency=at_once,
                report_batch_item_failures=True,
            )
        )
        # What must wait is sent to its own queue again. Lambda takes that for a runaway loop,
        # and would throw the message away after 16 rounds.
        function = cast(lambda_.CfnFunction, consumer.function.node.default_child)
        function.recursive_loop = "Allow"
