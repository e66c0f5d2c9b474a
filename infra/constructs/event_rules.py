"""EventBridge rules: landed objects, finished jobs and schedules."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.access import EVENT_SOURCE
from infra.constructs.buckets import Buckets
from infra.constructs.function import LambdaFunction
from infra.constructs.queue import DeadLetterQueue
from infra.constructs.shared_resources import SharedResources

_MAX_AGE = Duration.hours(24)  # the maximum of EventBridge
_MAX_RETRIES = 185  # likewise


class EventRules(Construct):
    """The rules on the default bus; undeliverable events go to one dead-letter queue."""

    def __init__(self, scope: Construct, shared: SharedResources) -> None:
        """Create the dead-letter queue that the rules share."""
        super().__init__(scope, "EventRules")
        self.undelivered = DeadLetterQueue(self, "undelivered-dlq", shared)

    def from_buckets(self, buckets: Buckets, landed: sqs.IQueue) -> None:
        """Send events of new landing objects and new upload tickets to `landed`."""
        self._created("Objects", buckets.landing, "landing/", landed)
        self._created("Tickets", buckets.state, "tickets/", landed)

    def _created(self, name: str, bucket: s3.IBucket, prefix: str, queue: sqs.IQueue) -> None:
        events.Rule(
            self,
            name,
            description=f"Objects created under {prefix}",
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
                    max_event_age=_MAX_AGE,
                    retry_attempts=_MAX_RETRIES,
                )
            ],
        )

    def from_finished_jobs(self, consumer: LambdaFunction) -> None:
        """Invoke the function when a job has ended."""
        events.Rule(
            self,
            "Finished",
            description="Finished jobs",
            event_pattern=events.EventPattern(source=[EVENT_SOURCE], detail_type=["job.finished"]),
            targets=[self._invoke(consumer, retries=_MAX_RETRIES)],
        )

    def from_digests(self, consumer: LambdaFunction) -> None:
        """Invoke the function with each digest of notifications."""
        events.Rule(
            self,
            "Digests",
            description="Digests of notifications",
            event_pattern=events.EventPattern(source=[EVENT_SOURCE], detail_type=["digest.made"]),
            targets=[self._invoke(consumer, retries=_MAX_RETRIES)],
        )

    def on_schedule(self, consumer: LambdaFunction, *, minutes: int) -> None:
        """Invoke the function every `minutes`; a failed invocation is not retried."""
        events.Rule(
            self,
            f"{consumer.spec.name.capitalize()}Schedule",
            description=f"Every {minutes} minutes: {consumer.spec.name}",
            schedule=events.Schedule.rate(Duration.minutes(minutes)),
            targets=[self._invoke(consumer, retries=0)],
        )

    def _invoke(self, consumer: LambdaFunction, *, retries: int) -> targets.LambdaFunction:
        return targets.LambdaFunction(
            consumer.target,
            dead_letter_queue=self.undelivered.queue,
            max_event_age=_MAX_AGE,
            retry_attempts=retries,
        )
