"""The bucket that S3 writes its access logs to."""

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.log_group import removal_policy
from infra.environments import Environment


def access_log_bucket(scope: Construct, environment: Environment) -> s3.Bucket | None:
    """A bucket for who read and wrote which object; None where data are not kept.

    S3 delivers its logs to buckets with S3's own encryption only.
    """
    if not environment.keep_data:
        return None
    return s3.Bucket(
        scope,
        "AccessLogs",
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                id="drop-old-logs",
                expiration=Duration.days(environment.log_retention_days),
                noncurrent_version_expiration=Duration.days(1),
                abort_incomplete_multipart_upload_after=Duration.days(2),
            )
        ],
        removal_policy=removal_policy(environment),
    )
