"""The settings and permissions of every function, on one page."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from infra.access import (
    consume,
    decrypt_data_keys,
    foreign_objects,
    invoke,
    list_bucket,
    list_object_versions,
    list_objects,
    make_data_keys,
    objects,
    publish_to,
    put_events,
    read_depth,
    read_secrets,
    send,
)
from infra.constructs.schedule_group import ScheduleGroup

# Their metrics are in the log only.
_WITHOUT_METRICS = ("authorizer", "migrate")


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
        "landed_dlq_url": resources.landed_dlq.queue_url,
        "chunks_dlq_url": resources.chunks_dlq.queue_url,
        "merges_dlq_url": resources.merges_dlq.queue_url,
    }
    personal = {"personal_key": resources.personal_key.key_arn} if resources.personal_key else {}
    metrics = {"metrics_bucket": resources.state.bucket_name}
    values: dict[str, Mapping[str, str]] = {
        "upload": {**landing, **state, **size},
        "plan": {**landing, **state, **queues, **in_flight, **size},
        "load": {**landing, **chunks, **merges, **in_flight, **personal},
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
        "refresh": state,
        "reap": {**landing, **state, **queues, **in_flight},
        "batch": {**state, **merges, **bus, **personal},
        "jobs": {**landing, **state, **waits, **personal},
        "datasets": state,
        "analytics": {**cache, **waits},
        "lookups": {**state, **cache},
        "documents": {**state, **personal},
        "queries": {},
        "metrics": {**state, **queues, **dead},
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
            "extracts_dlq_url": resources.extracts_dlq.queue_url,
        },
        "authorizer": {**state, **resources.tokens},
        "migrate": {**state, **schedules},
    }
    return {
        name: each if name in _WITHOUT_METRICS else {**metrics, **each}
        for name, each in values.items()
    }


def permissions(resources: Resources) -> Mapping[str, Sequence[iam.PolicyStatement]]:
    """Permissions by function, without those for its queue, its log and the database."""
    landing, state = resources.landing, resources.state
    pinned = ("GetObject", "GetObjectVersion")
    contracts = (objects(state, "contracts/", "GetObject"), list_objects(state, "contracts/"))
    tickets = (objects(state, "tickets/", "GetObject"), list_objects(state, "tickets/"))
    kept = ("GetObject", "PutObject")
    runs = (objects(state, "extractions/", *kept), list_objects(state, "extractions/"))
    queues = (resources.landed, resources.chunks, resources.merges)
    dlqs = (resources.landed_dlq, resources.chunks_dlq, resources.merges_dlq)
    granted: dict[str, Sequence[iam.PolicyStatement]] = {
        "upload": (
            # Presigned requests run with the permissions of the role that signed them.
            objects(landing, "landing/", "PutObject", "ListMultipartUploadParts"),
            list_objects(landing, "landing/"),
            objects(state, "tickets/", "PutObject"),
            *tickets,
            *contracts,
        ),
        "plan": (
            objects(landing, "landing/", *pinned),
            list_bucket(landing),
            list_object_versions(landing, "landing/"),
            *tickets,
            objects(state, "markers/", "PutObject"),
            objects(state, "deadlines/", "DeleteObject", "PutObject"),
            send(*queues),
        ),
        "load": (
            objects(landing, "landing/", *pinned),
            list_bucket(landing),
            send(resources.chunks, resources.merges),
            *make_data_keys(resources.personal_key),
        ),
        "merge": (
            objects(state, "markers/", "PutObject"),
            send(resources.chunks, resources.merges),
            put_events(resources.bus),
        ),
        "extract": (
            objects(landing, "landing/", "AbortMultipartUpload", "GetObject", "PutObject"),
            list_objects(landing, "landing/"),
            *runs,
            objects(state, "tickets/", "PutObject"),
            send(resources.extracts),
            read_secrets(resources.source_secrets, resources.extracts),
            *foreign_objects(resources.source_buckets),
        ),
        "publish": (
            list_objects(state, "markers/"),
            objects(state, "publications/", "GetObject", "PutObject"),
            put_events(resources.bus),
        ),
        "notify": (
            objects(state, "deliveries/", "GetObject", "PutObject"),
            read_secrets(resources.receiver_secrets, resources.extracts),
            publish_to(f"{resources.topic_prefix}*"),
            *resources.deliveries.statements("Create"),
        ),
        "refresh": (list_objects(state, "markers/"), objects(state, "markers/", "DeleteObject")),
        "reap": (
            list_objects(state, "markers/"),
            list_objects(state, "deadlines/"),
            objects(state, "deadlines/", "DeleteObject"),
            list_object_versions(landing, "landing/"),
            # Objects that may hold an erased person.
            objects(landing, "landing/", "PutObjectTagging", "PutObjectVersionTagging"),
            list_objects(state, "audit/"),
            objects(state, "audit/", "DeleteObject", "GetObject"),
            send(*queues),
            read_depth(*queues),
        ),
        "batch": (
            *contracts,
            objects(state, "markers/", "PutObject"),
            send(resources.merges),
            put_events(resources.bus),
            *make_data_keys(resources.personal_key),
        ),
        "jobs": (
            # A replay is stored in the landing bucket, as an upload is.
            objects(landing, "landing/", "PutObject"),
            *tickets,
            objects(state, "tickets/", "PutObject"),
            *runs,
            objects(state, "deadlines/", "PutObject"),
            *contracts,
            # Large CSVs are stored, in parts, and downloaded through a presigned URL.
            objects(state, "exports/", "PutObject", "AbortMultipartUpload", "GetObject"),
            *decrypt_data_keys(resources.personal_key),
        ),
        "datasets": contracts,
        "analytics": (),
        "lookups": contracts,
        "documents": (
            objects(state, "deadlines/", "PutObject"),
            *decrypt_data_keys(resources.personal_key),
        ),
        "queries": (),
        "metrics": (
            objects(state, "metrics/", "GetObject"),
            list_objects(state, "metrics/"),
            read_depth(*queues, *dlqs),
        ),
        "sources": (
            objects(state, "extractions/", "PutObject"),
            objects(state, "publications/", "PutObject"),
            objects(state, "deadlines/", "PutObject"),
            send(resources.extracts),
            invoke(resources.extract_function, resources.extracts),
            *resources.schedules.statements("Create", "Delete", "Update"),
        ),
        "health": (list_bucket(landing), read_depth(resources.landed)),
        "docs": (),
        "admin": (
            list_object_versions(landing, "landing/"),
            send(*queues, resources.extracts),
            objects(state, "audit/", "PutObject"),
            consume(*dlqs, resources.extracts_dlq),
        ),
        "authorizer": (objects(state, "audit/", "PutObject"),),
        "migrate": (
            objects(state, "contracts/", "DeleteObject", "PutObject"),
            list_objects(state, "contracts/"),
            objects(state, "markers/", "PutObject"),
            *resources.schedules.statements("Create", "Delete", "Update"),
        ),
    }
    keep = (objects(state, "metrics/", "PutObject"),)
    return {
        name: (*statements, *(() if name in _WITHOUT_METRICS else keep))
        for name, statements in granted.items()
    }
