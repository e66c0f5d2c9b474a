"""The hops over EventBridge: landed objects, finished jobs, and the clock."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.buckets import Buckets
from infra.constructs.function import LambdaFunction
from infra.constructs.queue import DeadLetterQueue
from infra.environments import Environment

_PATIENCE = Duration.hours(24)  # the longest that EventBridge tries


class EventRules(Construct):
    """The rules on the default bus; what EventBridge cannot deliver goes to one DLQ."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        """Make the DLQ that the rules share."""
        super().__init__(scope, "EventRules")
        self.undelivered = DeadLetterQueue(self, "undelivered-dlq", environment=environment)

    def from_buckets(self, buckets: Buckets, landed: sqs.IQueue) -> None:
        """Send word of landed objects and of tickets to the queue `landed`."""
        self._created("Objects", buckets.landing, "landing/", landed)
        self._created("Tickets", buckets.state, "tickets/", landed)

    def _created(self, name: str, bucket: s3.IBucket, prefix: str, queue: sqs.IQueue) -> None:
        events.Rule(
            self,
            name,
            description=f"New objects below {prefix} are to be looked at",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [bucket.bucket_name]},
                    "object": {"key": [{"prefix": prefix}]},
                },
            ),
            targets=[
                targets.SqsQueue(
                    queue,
                    dead_letter_queue=self.undelivered.queue,
                    max_event_age=_PATIENCE,
                    retry_attempts=185,
                )
            ],
        )

    def from_finished_jobs(self, consumer: LambdaFunction) -> None:
        """Call the step when a job has ended."""
        events.Rule(
            self,
            "Finished",
            description="A job has ended",
            event_pattern=events.EventPattern(source=["waybill"], detail_type=["job.finished"]),
            targets=[self._calling(consumer, retries=185)],
        )

    def from_clock(self, consumer: LambdaFunction, *, minutes: int) -> None:
        """Call the step every `minutes`; a call that fails is left to the next one."""
        events.Rule(
            self,
            f"{consumer.step.name.capitalize()}Clock",
            description=f"Every {minutes} minutes: {consumer.step.name}",
            schedule=events.Schedule.rate(Duration.minutes(minutes)),
            targets=[self._calling(consumer, retries=0)],
        )

    def _calling(self, consumer: LambdaFunction, *, retries: int) -> targets.LambdaFunction:
        return targets.LambdaFunction(
            consumer.function,
            dead_letter_queue=self.undelivered.queue,
            max_event_age=_PATIENCE,
            retry_attempts=retries,
        )
