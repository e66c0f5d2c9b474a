"""What a function may be allowed, as exact IAM statements."""

from collections.abc import Iterable

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

# AWS knows no resources for these actions: they are allowed on all or not at all.
NETWORK_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


def document(statements: Iterable[iam.PolicyStatement]) -> iam.PolicyDocument:
    """The statements as a policy document."""
    return iam.PolicyDocument(statements=list(statements))


def retention(days: int) -> logs.RetentionDays:
    """CloudWatch's name for a number of days.

    Raises:
        KeyError: CloudWatch keeps logs for other numbers of days only.
    """
    return {
        7: logs.RetentionDays.ONE_WEEK,
        14: logs.RetentionDays.TWO_WEEKS,
        30: logs.RetentionDays.ONE_MONTH,
        365: logs.RetentionDays.ONE_YEAR,
    }[days]


def runtime(log_group: logs.ILogGroup, *, in_vpc: bool) -> list[iam.PolicyStatement]:
    """What any function needs: to write its own log, and its network interfaces."""
    statements = [
        iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[log_group.log_group_arn],
        ),
    ]
    if in_vpc:
        statements.append(iam.PolicyStatement(actions=list(NETWORK_INTERFACES), resources=["*"]))
    return statements


def objects(bucket: s3.IBucket, prefix: str, *verbs: str) -> iam.PolicyStatement:
    """`s3:<verb>` on the objects below `prefix`."""
    return iam.PolicyStatement(
        actions=[f"s3:{verb}" for verb in verbs],
        resources=[bucket.arn_for_objects(f"{prefix}*")],
    )


def _listing(action: str, bucket: s3.IBucket, prefix: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=[action],
        resources=[bucket.bucket_arn],
        conditions={"StringLike": {"s3:prefix": [f"{prefix}*"]}},
    )


def listing(bucket: s3.IBucket, prefix: str) -> iam.PolicyStatement:
    """To list the keys below `prefix`, and no others."""
    return _listing("s3:ListBucket", bucket, prefix)


def listing_versions(bucket: s3.IBucket, prefix: str) -> iam.PolicyStatement:
    """To list the versions of the keys below `prefix`, and of no others."""
    return _listing("s3:ListBucketVersions", bucket, prefix)


def noticing(bucket: s3.IBucket) -> iam.PolicyStatement:
    """To see that the bucket is there, and to be told "absent" of a key, not "forbidden".

    Neither question carries a prefix, so there is none to narrow this to.
    """
    return iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn])


def sending(*queues: sqs.IQueue) -> iam.PolicyStatement:
    """To send messages to the queues."""
    return iam.PolicyStatement(
        actions=["sqs:SendMessage"], resources=[queue.queue_arn for queue in queues]
    )


def depth(*queues: sqs.IQueue) -> iam.PolicyStatement:
    """To see how many messages wait."""
    return iam.PolicyStatement(
        actions=["sqs:GetQueueAttributes"], resources=[queue.queue_arn for queue in queues]
    )


def emptying(*queues: sqs.IQueue) -> iam.PolicyStatement:
    """To take messages out of the queues, and to see how many are left."""
    return iam.PolicyStatement(
        actions=["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
        resources=[queue.queue_arn for queue in queues],
    )


def announcing(bus: events.IEventBus) -> iam.PolicyStatement:
    """To put events on the bus."""
    return iam.PolicyStatement(actions=["events:PutEvents"], resources=[bus.event_bus_arn])
