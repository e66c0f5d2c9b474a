"""The queue construct: every queue has a dead-letter queue with an alarm."""

from typing import TypedDict, cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.alarms import Condition, alarm
from infra.constructs.function import LambdaFunction
from infra.constructs.shared_resources import SharedResources

_RETENTION = Duration.days(14)  # the maximum of SQS
_MAX_RECEIVES = 5


class _Encryption(TypedDict, total=False):
    encryption: sqs.QueueEncryption
    encryption_master_key: kms.IKey
    data_key_reuse: Duration


def _encryption(shared: SharedResources) -> _Encryption:
    if not shared.key:
        return {"encryption": sqs.QueueEncryption.SQS_MANAGED}
    return {
        "encryption": sqs.QueueEncryption.KMS,
        "encryption_master_key": shared.key,
        # Fewer calls of KMS; the messages hold ids and keys of objects, no records.
        "data_key_reuse": Duration.hours(1),
    }


class DeadLetterQueue(Construct):
    """A dead-letter queue with an alarm that fires while it is not empty."""

    def __init__(self, scope: Construct, name: str, shared: SharedResources) -> None:
        """Create the queue `waybill-<env>-<name>`, encrypted with `key` or with SQS's own."""
        super().__init__(scope, "Dlq")
        environment = shared.environment
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"waybill-{environment.name}-{name}",
            retention_period=_RETENTION,
            **_encryption(shared),
            enforce_ssl=environment.speaks_tls,
            removal_policy=RemovalPolicy.DESTROY,
        )
        waiting = self.queue.metric_approximate_number_of_messages_visible(
            period=Duration.minutes(1), statistic="Maximum"
        )
        alarm(
            self,
            environment,
            name,
            f"{name} has messages: find the cause in the logs, redrive.",
            Condition(waiting, 1),
            runbook="dead-letters",
        )


class WorkQueue(Construct):
    """A queue that one function consumes."""

    def __init__(
        self, scope: Construct, name: str, shared: SharedResources, *, consumer_seconds: int
    ) -> None:
        """Create the queue; `consumer_seconds` is the timeout of its consumer."""
        super().__init__(scope, name.capitalize())
        environment = shared.environment
        self.dlq = DeadLetterQueue(self, f"{name}-dlq", shared)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"waybill-{environment.name}-{name}",
            # AWS recommends six times the function's timeout: below that, a throttled or retried
            # batch can become visible again while it is still being processed.
            visibility_timeout=Duration.seconds(6 * consumer_seconds),
            retention_period=_RETENTION,
            **_encryption(shared),
            enforce_ssl=environment.speaks_tls,
            dead_letter_queue=sqs.DeadLetterQueue(
                max_receive_count=_MAX_RECEIVES, queue=self.dlq.queue
            ),
            removal_policy=RemovalPolicy.DESTROY,
        )

    def attach_consumer(self, consumer: LambdaFunction, *, max_concurrency: int | None) -> None:
        """Invoke `consumer` with one message each, at most `max_concurrency` at a time.

        The limit protects the database: further messages wait in the queue. Without one, its
        reserved concurrency limits the consumer.
        """
        consumer.target.add_event_source(
            sources.SqsEventSource(
                self.queue,
                batch_size=1,
                max_concurrency=max_concurrency,
                report_batch_item_failures=True,
            )
        )
        # A message that must wait is sent to its own queue again. Lambda's loop detection would
        # drop it after 16 rounds.
        function = cast(lambda_.CfnFunction, consumer.function.node.default_child)
        function.recursive_loop = "Allow"
