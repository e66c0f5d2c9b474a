"""The landing bucket for files, and the state bucket for what is read without the database."""

from typing import NamedTuple, cast

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.access_logs import access_log_bucket
from infra.constructs.log_group import log_of_provider, removal_policy
from infra.environments import Environment
from infra.offsite import Offsite
from waybill.landing.expiry import EXPIRY_TAG

CONSOLES = "https://*.cloudfront.net"
# After landing, or at once for older objects. Until then a restored database can load them again.
_ERASED_DAYS = 7
_EMPTIES = "Custom::S3AutoDeleteObjectsCustomResourceProvider"


class _Content(NamedTuple):
    """A bucket's lifecycle rules, the pages that may upload to it, and its access logs."""

    rules: list[s3.LifecycleRule]
    cors: list[s3.CorsRule] | None = None
    access_logs: s3.IBucket | None = None
    offsite: Offsite | None = None


def _bucket(
    scope: Construct, name: str, content: _Content, environment: Environment, key: kms.IKey | None
) -> s3.Bucket:
    bucket = s3.Bucket(
        scope,
        name,
        # On AWS CloudFormation generates the name: bucket names are global.
        bucket_name=f"waybill-local-{name.lower()}" if environment.is_local else None,
        versioned=True,
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        # One call of KMS for many objects.
        bucket_key_enabled=True if key else None,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=environment.speaks_tls,
        minimum_tls_version=1.2 if environment.speaks_tls else None,
        lifecycle_rules=content.rules,
        cors=content.cors,
        removal_policy=removal_policy(environment),
        replication_rules=_replicas(scope, name, content.offsite) or None,
        server_access_logs_bucket=content.access_logs,
        server_access_logs_prefix=f"{name.lower()}/" if content.access_logs else None,
        # CloudFormation deletes empty buckets only.
        auto_delete_objects=not environment.keep_data and not environment.is_local,
    )
    _send_events(bucket)
    return bucket


def _replicas(scope: Construct, name: str, offsite: Offsite | None) -> list[s3.ReplicationRule]:
    """Copies of all new objects. Deletions are not copied: they may be what is to be undone."""
    if not offsite:
        return []
    return [
        s3.ReplicationRule(
            destination=s3.Bucket.from_bucket_name(scope, f"{name}Away", offsite.bucket),
            kms_key=kms.Key.from_key_arn(scope, f"{name}AwayKey", offsite.key),
            sse_kms_encrypted_objects=True,
            delete_marker_replication=False,
            priority=1,
        )
    ]


def _send_events(bucket: s3.Bucket) -> None:
    """Send the bucket's events to EventBridge."""
    resource = cast(s3.CfnBucket, bucket.node.default_child)
    # `event_bridge_enabled` of the CDK would deploy a function that may change any bucket.
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
            event_bridge_enabled=True
        )
    )


def _pages_may(environment: Environment, *methods: s3.HttpMethods) -> list[s3.CorsRule] | None:
    """The pages that may send such requests, each of which needs a presigned URL or form.

    The console's own host is known only when it exists, after the buckets.
    """
    origins = {environment.browser_origin, CONSOLES if environment.console else None} - {None}
    if not origins:
        return None
    return [
        s3.CorsRule(
            allowed_methods=list(methods),
            allowed_origins=sorted(map(str, origins)),
            allowed_headers=["*"],
            # Completing a multipart upload needs the ETags of its parts.
            exposed_headers=["ETag", "x-amz-version-id"],
            max_age=3600,
        )
    ]


class Buckets(Construct):
    """Both buckets, versioned, with events on EventBridge."""

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        key: kms.IKey | None = None,
        offsite: Offsite | None = None,
    ) -> None:
        """Create the buckets, encrypted with `key` or with S3's own; copied where `offsite` is."""
        super().__init__(scope, "Buckets")
        versions = s3.LifecycleRule(
            id="keep-versions",
            abort_incomplete_multipart_upload_after=Duration.days(2),
            noncurrent_version_expiration=Duration.days(environment.noncurrent_days),
            expired_object_delete_marker=True,
        )
        logs = access_log_bucket(self, environment)
        self.landing = _bucket(
            self,
            "Landing",
            _Content(
                [versions, _erased()],
                _pages_may(environment, s3.HttpMethods.POST, s3.HttpMethods.PUT),
                logs,
                offsite,
            ),
            environment,
            key,
        )
        self.state = _bucket(
            self,
            "State",
            _Content(
                [versions, *_short_lived()],
                # Rejects are downloaded from here when they are many, and samples uploaded.
                _pages_may(environment, s3.HttpMethods.GET, s3.HttpMethods.POST),
                logs,
                offsite,
            ),
            environment,
            key,
        )
        if Stack.of(self).node.try_find_child(_EMPTIES):
            log_of_provider(Stack.of(self), _EMPTIES)
        CfnOutput(Stack.of(self), "LandingBucketName", value=self.landing.bucket_name)
        CfnOutput(Stack.of(self), "StateBucketName", value=self.state.bucket_name)


def _erased() -> s3.LifecycleRule:
    """Expires what may hold an erased person; a version keeps its tag until it is deleted."""
    name, value = EXPIRY_TAG
    return s3.LifecycleRule(
        id="expire-erased",
        prefix="landing/",
        tag_filters={name: value},
        expiration=Duration.days(_ERASED_DAYS),
        noncurrent_version_expiration=Duration.days(1),
    )


def _short_lived() -> list[s3.LifecycleRule]:
    """What the state bucket keeps for some days only."""
    days = {
        # Each is downloaded through URLs that expire within minutes.
        "exports/": 1,
        # Files that are only looked at, once they are uploaded.
        "samples/": 1,
        # Of processes that have ended.
        "metrics/processes/": 1,
        # The state of runs of sources, which end within a day.
        "extractions/": 7,
        # A digest is not sent twice for so long; deliveries end within a day.
        "deliveries/": 30,
    }
    return [
        s3.LifecycleRule(
            id=f"drop-{prefix.partition('/')[0]}",
            prefix=prefix,
            expiration=Duration.days(kept),
            noncurrent_version_expiration=Duration.days(1),
        )
        for prefix, kept in days.items()
    ]
