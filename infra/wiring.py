"""What the functions share, and the settings of each."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from infra.constructs.schedule_group import ScheduleGroup

# Its metrics are in the log only.
WITHOUT_METRICS = ("authorizer",)


class Resources(NamedTuple):
    """The buckets, queues and event bus that the functions share."""

    landing: s3.IBucket
    state: s3.IBucket
    landed: sqs.IQueue
    chunks: sqs.IQueue
    merges: sqs.IQueue
    landed_dlq: sqs.IQueue
    chunks_dlq: sqs.IQueue
    merges_dlq: sqs.IQueue
    extracts: sqs.IQueue
    extracts_dlq: sqs.IQueue
    undelivered_dlq: sqs.IQueue
    """Events of S3 and of finished jobs that reached nobody."""
    extract_function: str
    """Name of the function that reads sources."""
    schedules: ScheduleGroup
    deliveries: ScheduleGroup
    """Schedules that repeat deliveries of notifications."""
    topic_prefix: str
    """ARN of the topics of e-mail, without the receiver's name."""
    receiver_secrets: str
    """How the names of the secrets of receivers begin."""
    source_buckets: Sequence[str]
    source_networks: str
    source_secrets: str
    """How the names of the secrets of sources begin."""
    plain_http: bool
    """Whether sources may be read without TLS; in the emulator only."""
    bus: events.IEventBus
    tokens: Mapping[str, str]
    """Settings of the authorizer: whose tokens are accepted."""
    key: kms.IKey | None
    """Encrypts buckets and queues; None for AWS's own keys."""
    personal_key: kms.IKey | None
    """Encrypts the text of rejects with personal columns; None where that is not kept."""
    cache_url: str | None
    chunks_at_once: int
    """Chunks of one job in flight; fewer than there are loaders."""
    waits_at_once: int
    """Requests for jobs that may wait at a time; fewer than are served."""
    max_upload_bytes: int
    """Size limit of a file."""


def settings(resources: Resources) -> Mapping[str, Mapping[str, str]]:
    """Settings by function and field, without the database's and those left to their default."""
    landing = {"landing_bucket": resources.landing.bucket_name}
    state = {"state_bucket": resources.state.bucket_name}
    landed = {"landed_queue_url": resources.landed.queue_url}
    chunks = {"chunks_queue_url": resources.chunks.queue_url}
    merges = {"merges_queue_url": resources.merges.queue_url}
    bus = {"event_bus_name": resources.bus.event_bus_name}
    in_flight = {"chunks_at_once": str(resources.chunks_at_once)}
    waits = {"waits_at_once": str(resources.waits_at_once)}
    size = {"max_upload_bytes": str(resources.max_upload_bytes)}
    extracts = {"extracts_queue_url": resources.extracts.queue_url}
    schedules = {
        "schedule_group": resources.schedules.group,
        "schedule_target": resources.schedules.target_arn,
        "schedule_role": resources.schedules.role.role_arn,
    }
    queues = {**landed, **chunks, **merges}
    cache = {"cache_url": resources.cache_url} if resources.cache_url else {}
    dead = {
        "extracts_dlq_url": resources.extracts_dlq.queue_url,
        "landed_dlq_url": resources.landed_dlq.queue_url,
        "chunks_dlq_url": resources.chunks_dlq.queue_url,
        "merges_dlq_url": resources.merges_dlq.queue_url,
    }
    personal = {"personal_key": resources.personal_key.key_arn} if resources.personal_key else {}
    metrics = {"metrics_bucket": resources.state.bucket_name}
    values: dict[str, Mapping[str, str]] = {
        "upload": {**landing, **state, **size},
        "plan": {**landing, **state, **queues, **in_flight, **size},
        "load": {**landing, **state, **chunks, **merges, **in_flight, **personal},
        "merge": {**state, **chunks, **merges, **bus, **in_flight},
        "extract": {
            **landing,
            **state,
            **extracts,
            "source_networks": resources.source_networks,
            "source_secrets": resources.source_secrets,
            "source_plain_http": str(resources.plain_http).lower(),
        },
        "publish": {**state, **bus},
        "notify": {
            **state,
            "receiver_networks": resources.source_networks,
            "receiver_secrets": resources.receiver_secrets,
            "receiver_plain_http": str(resources.plain_http).lower(),
            "topic_prefix": resources.topic_prefix,
            "delivery_group": resources.deliveries.group,
            "delivery_target": resources.deliveries.target_arn,
            "delivery_role": resources.deliveries.role.role_arn,
            # Nobody waits a minute for a receiver on their own machine.
            **({"retry_seconds": "2"} if resources.plain_http else {}),
        },
        "refresh": {**state, **chunks},
        "reap": {**landing, **state, **queues, **in_flight},
        "batch": {**state, **merges, **bus, **personal},
        "jobs": {**landing, **state, **merges, **waits, **personal},
        "datasets": state,
        "analytics": {**cache, **waits},
        "lookups": {**state, **cache, **chunks},
        "documents": {**state, **personal},
        "queries": {},
        "metrics": {
            **state,
            **queues,
            **extracts,
            **dead,
            "undelivered_dlq_url": resources.undelivered_dlq.queue_url,
        },
        "sources": {
            **landing,
            **state,
            **extracts,
            **schedules,
            "extract_function": resources.extract_function,
        },
        "health": {**landing, **landed},
        "docs": {},
        "admin": {
            **landing,
            **state,
            **queues,
            **dead,
            **extracts,
        },
        "authorizer": {**state, **resources.tokens},
        "migrate": {**state, **schedules},
    }
    return {
        name: each if name in WITHOUT_METRICS else {**metrics, **each}
        for name, each in values.items()
    }
