"""What each step is told and what it may do: the whole of it on one page."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from infra.access import (
    announcing,
    depth,
    emptying,
    listing,
    listing_versions,
    noticing,
    objects,
    sending,
)


class Places(NamedTuple):
    """The buckets, queues and bus that the steps meet at, and how many may meet there."""

    landing: s3.IBucket
    state: s3.IBucket
    landed: sqs.IQueue
    chunks: sqs.IQueue
    merges: sqs.IQueue
    landed_dead: sqs.IQueue
    chunks_dead: sqs.IQueue
    merges_dead: sqs.IQueue
    bus: events.IEventBus
    chunks_at_once: int
    """Of one job; fewer than there are loaders."""


def settings(places: Places) -> Mapping[str, Mapping[str, str]]:
    """Settings by step and field, beyond those of the database and those with a default."""
    landing = {"landing_bucket": places.landing.bucket_name}
    state = {"state_bucket": places.state.bucket_name}
    landed = {"landed_queue_url": places.landed.queue_url}
    chunks = {"chunks_queue_url": places.chunks.queue_url}
    merges = {"merges_queue_url": places.merges.queue_url}
    bus = {"event_bus_name": places.bus.event_bus_name}
    window = {"chunks_at_once": str(places.chunks_at_once)}
    queues = {**landed, **chunks, **merges}
    dead = {
        "landed_dlq_url": places.landed_dead.queue_url,
        "chunks_dlq_url": places.chunks_dead.queue_url,
        "merges_dlq_url": places.merges_dead.queue_url,
    }
    return {
        "upload": {**landing, **state},
        "plan": {**landing, **state, **queues, **window},
        "load": {**landing, **chunks, **merges, **window},
        "merge": {**state, **chunks, **merges, **bus, **window},
        "publish": {**state, **bus},
        "refresh": state,
        "reap": {**landing, **state, **queues, **window},
        "batch": {**state, **merges, **bus},
        "jobs": {**landing, **state},
        "datasets": state,
        "analytics": {},
        "documents": {},
        "health": {**landing, **landed},
        "docs": {},
        "admin": {**landing, **queues, **dead},
        "migrate": state,
    }


def permissions(places: Places) -> Mapping[str, Sequence[iam.PolicyStatement]]:
    """Permissions by step, beyond those of its queue, its log and the database."""
    landing, state = places.landing, places.state
    pinned = ("GetObject", "GetObjectVersion")
    uploading = ("PutObject", "AbortMultipartUpload")
    contracts = (objects(state, "contracts/", "GetObject"), listing(state, "contracts/"))
    tickets = (objects(state, "tickets/", "GetObject"), listing(state, "tickets/"))
    queues = (places.landed, places.chunks, places.merges)
    return {
        "upload": (
            # Presigned requests act with this role.
            objects(landing, "landing/", *uploading, "ListMultipartUploadParts"),
            listing(landing, "landing/"),
            objects(state, "tickets/", "PutObject"),
            *tickets,
            *contracts,
        ),
        "plan": (
            objects(landing, "landing/", *pinned),
            noticing(landing),
            listing_versions(landing, "landing/"),
            *tickets,
            objects(state, "marks/", "PutObject"),
            objects(state, "due/", "DeleteObject", "PutObject"),
            sending(*queues),
        ),
        "load": (
            objects(landing, "landing/", *pinned),
            noticing(landing),
            sending(places.chunks, places.merges),
        ),
        "merge": (
            objects(state, "marks/", "PutObject"),
            sending(places.chunks, places.merges),
            announcing(places.bus),
        ),
        "publish": (listing(state, "marks/"), announcing(places.bus)),
        "refresh": (listing(state, "marks/"), objects(state, "marks/", "DeleteObject")),
        "reap": (
            listing(state, "marks/"),
            listing(state, "due/"),
            objects(state, "due/", "DeleteObject"),
            listing_versions(landing, "landing/"),
            sending(*queues),
            depth(*queues),
        ),
        "batch": (
            *contracts,
            objects(state, "marks/", "PutObject"),
            sending(places.merges),
            announcing(places.bus),
        ),
        "jobs": (
            # Replays land like files.
            objects(landing, "landing/", "PutObject"),
            *tickets,
            objects(state, "tickets/", "PutObject"),
            *contracts,
            # Large CSVs are stored, and fetched with a presigned address.
            objects(state, "exports/", *uploading, "GetObject"),
        ),
        "datasets": contracts,
        "analytics": (),
        "documents": (),
        "health": (noticing(landing), depth(places.landed)),
        "docs": (),
        "admin": (
            listing_versions(landing, "landing/"),
            sending(*queues),
            emptying(places.landed_dead, places.chunks_dead, places.merges_dead),
        ),
        "migrate": (
            objects(state, "contracts/", "DeleteObject", "PutObject"),
            listing(state, "contracts/"),
            objects(state, "marks/", "PutObject"),
        ),
    }
