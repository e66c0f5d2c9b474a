"""The permissions of every function, on one page."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_iam as iam

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
    work_on,
)
from infra.wiring import WITHOUT_METRICS, Resources


def permissions(resources: Resources) -> Mapping[str, Sequence[iam.PolicyStatement]]:
    """Permissions by function, without those for its queue, its log and the database."""
    landing, state = resources.landing, resources.state
    pinned = ("GetObject", "GetObjectVersion")
    contracts = (objects(state, "contracts/", "GetObject"), list_objects(state, "contracts/"))
    tickets = (objects(state, "tickets/", "GetObject"), list_objects(state, "tickets/"))
    samples = (objects(state, "samples/", *pinned), list_objects(state, "samples/"))
    kept = ("GetObject", "PutObject")
    # Of the database, when it was last awake.
    figures = (objects(state, "metrics/", "GetObject"), list_objects(state, "metrics/"))
    # What may hold an erased person, in each version.
    copies = tuple(
        statement
        for prefix in ("exports/", "extractions/", "samples/")
        for statement in (
            objects(state, prefix, "DeleteObject", "DeleteObjectVersion"),
            list_object_versions(state, prefix),
        )
    )
    runs = (objects(state, "extractions/", *kept), list_objects(state, "extractions/"))
    queues = (resources.landed, resources.chunks, resources.merges)
    dlqs = (
        resources.landed_dlq,
        resources.chunks_dlq,
        resources.merges_dlq,
        resources.extracts_dlq,
    )
    granted: dict[str, Sequence[iam.PolicyStatement]] = {
        "upload": (
            # Presigned requests run with the permissions of the role that signed them.
            objects(landing, "landing/", "PutObject", "ListMultipartUploadParts"),
            list_objects(landing, "landing/"),
            objects(state, "tickets/", "PutObject"),
            # Reserved samples are listed, and those refused are taken back.
            objects(state, "samples/", "PutObject"),
            objects(state, "samples/reserved/", "DeleteObject", "PutObject"),
            list_objects(state, "samples/reserved/"),
            *tickets,
            *contracts,
        ),
        "plan": (
            *work_on(resources.landed),
            # The members of an archive are stored as objects of their own.
            objects(landing, "landing/", "AbortMultipartUpload", "PutObject", *pinned),
            list_bucket(landing),
            list_object_versions(landing, "landing/"),
            *tickets,
            objects(state, "markers/", "PutObject"),
            objects(state, "deadlines/", "DeleteObject", "PutObject"),
            send(*queues),
        ),
        "load": (
            *work_on(resources.chunks),
            objects(landing, "landing/", *pinned),
            list_bucket(landing),
            send(resources.chunks, resources.merges),
            objects(state, "exports/", "GetObject", "PutObject"),
            # Archived partitions; what is written for them is read back.
            objects(state, "lake/", "DeleteObject", "GetObject", "PutObject"),
            list_objects(state, "lake/"),
            *make_data_keys(resources.personal_key),
        ),
        "merge": (
            *work_on(resources.merges),
            objects(state, "markers/", "PutObject"),
            send(resources.chunks, resources.merges),
            put_events(resources.bus),
        ),
        "extract": (
            *work_on(resources.extracts),
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
            objects(state, "publications/", *kept),
            list_objects(state, "publications/"),
            *figures,
            put_events(resources.bus),
        ),
        "notify": (
            objects(state, "deliveries/", *kept),
            list_objects(state, "deliveries/"),
            read_secrets(resources.receiver_secrets, resources.extracts),
            publish_to(f"{resources.topic_prefix}*"),
            *resources.deliveries.statements("Create"),
        ),
        "refresh": (
            list_objects(state, "markers/"),
            objects(state, "markers/", "DeleteObject", "PutObject"),
            *figures,
            send(resources.chunks),
        ),
        "reap": (
            *figures,
            list_objects(state, "markers/"),
            list_objects(state, "deadlines/"),
            objects(state, "deadlines/", "DeleteObject"),
            list_object_versions(landing, "landing/"),
            # Objects that may hold an erased person, and are perhaps gone already.
            objects(landing, "landing/", "PutObjectTagging", "PutObjectVersionTagging"),
            list_bucket(landing),
            *copies,
            list_objects(state, "audit/"),
            objects(state, "audit/", "DeleteObject", "GetObject"),
            send(*queues),
            read_depth(*queues),
        ),
        "batch": (
            *contracts,
            *samples,
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
            # A revert is done by `merge`.
            objects(state, "markers/", "PutObject"),
            send(resources.merges),
            *contracts,
            # Large CSVs are stored, in parts, and downloaded through a presigned URL.
            objects(state, "exports/", "PutObject", "AbortMultipartUpload", "GetObject"),
            *decrypt_data_keys(resources.personal_key),
        ),
        "datasets": (*contracts, *samples),
        "analytics": (),
        "lookups": (
            *contracts,
            # Exports are downloaded through presigned URLs.
            objects(state, "exports/", "GetObject"),
            send(resources.chunks),
        ),
        "documents": (
            objects(state, "deadlines/", "PutObject"),
            *copies,
            *decrypt_data_keys(resources.personal_key),
        ),
        "queries": (),
        "metrics": (
            *figures,
            read_depth(*queues, resources.extracts, *dlqs, resources.undelivered_dlq),
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
            consume(*dlqs),
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
        name: (*statements, *(() if name in WITHOUT_METRICS else keep))
        for name, statements in granted.items()
    }
