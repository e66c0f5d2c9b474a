"""IAM statements for the functions: exact actions on exact resources."""

from collections.abc import Iterable

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import IConstruct

EVENT_SOURCE = "waybill"
# These actions have no resource-level permissions, so their resource is `*`.
TRACES = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
NETWORK_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


def document(statements: Iterable[iam.PolicyStatement]) -> iam.PolicyDocument:
    """A policy document with these statements."""
    return iam.PolicyDocument(statements=list(statements))


def retention(days: int) -> logs.RetentionDays:
    """The CDK's constant for a log retention of `days`.

    Raises:
        KeyError: CloudWatch does not support this number of days, or it is not used here.
    """
    return {
        7: logs.RetentionDays.ONE_WEEK,
        14: logs.RetentionDays.TWO_WEEKS,
        30: logs.RetentionDays.ONE_MONTH,
        365: logs.RetentionDays.ONE_YEAR,
    }[days]


def runtime(log_group: logs.ILogGroup, *, in_vpc: bool) -> list[iam.PolicyStatement]:
    """Base permissions of a function: its own log, traces and, in a VPC, network interfaces."""
    statements = [
        iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[log_group.log_group_arn],
        ),
    ]
    statements.append(iam.PolicyStatement(actions=list(TRACES), resources=["*"]))
    if in_vpc:
        statements.append(iam.PolicyStatement(actions=list(NETWORK_INTERFACES), resources=["*"]))
    return statements


def objects(bucket: s3.IBucket, prefix: str, *verbs: str) -> iam.PolicyStatement:
    """Allow `s3:<verb>` on the objects under `prefix`."""
    return iam.PolicyStatement(
        actions=[f"s3:{verb}" for verb in verbs],
        resources=[bucket.arn_for_objects(f"{prefix}*")],
    )


def _list_prefix(action: str, bucket: s3.IBucket, prefix: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=[action],
        resources=[bucket.bucket_arn],
        conditions={"StringLike": {"s3:prefix": [f"{prefix}*"]}},
    )


def list_objects(bucket: s3.IBucket, prefix: str) -> iam.PolicyStatement:
    """Allow listing the keys under `prefix` only."""
    return _list_prefix("s3:ListBucket", bucket, prefix)


def list_object_versions(bucket: s3.IBucket, prefix: str) -> iam.PolicyStatement:
    """Allow listing the versions of the keys under `prefix` only."""
    return _list_prefix("s3:ListBucketVersions", bucket, prefix)


def list_bucket(bucket: s3.IBucket) -> iam.PolicyStatement:
    """Allow HeadBucket, and a 404 instead of a 403 for a missing key.

    Neither request has a prefix, so the statement cannot be narrowed to one.
    """
    return iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn])


def send(*queues: sqs.IQueue) -> iam.PolicyStatement:
    """Allow sending messages to the queues."""
    return iam.PolicyStatement(
        actions=["sqs:SendMessage"], resources=[queue.queue_arn for queue in queues]
    )


def read_depth(*queues: sqs.IQueue) -> iam.PolicyStatement:
    """Allow reading how many messages are in the queues."""
    return iam.PolicyStatement(
        actions=["sqs:GetQueueAttributes"], resources=[queue.queue_arn for queue in queues]
    )


def consume(*queues: sqs.IQueue) -> iam.PolicyStatement:
    """Allow receiving and deleting messages, and reading how many are left."""
    return iam.PolicyStatement(
        actions=["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
        resources=[queue.queue_arn for queue in queues],
    )


def work_on(queue: sqs.IQueue) -> tuple[iam.PolicyStatement, iam.PolicyStatement]:
    """Allow being invoked with a queue's messages, and saying when one is delivered again."""
    later = iam.PolicyStatement(
        actions=["sqs:ChangeMessageVisibility"], resources=[queue.queue_arn]
    )
    return consume(queue), later


def use_key(key: kms.IKey, statements: Iterable[iam.PolicyStatement]) -> list[iam.PolicyStatement]:
    """Allow what `statements` need of the key that encrypts the buckets and queues.

    Reading an object or a message decrypts; writing one makes a data key, and S3 reads back the
    parts of a multipart upload. The key is used through S3 and SQS only.
    """
    actions = {action for statement in statements for action in statement.actions}
    reads = actions & {"s3:GetObject", "s3:GetObjectVersion", "sqs:ReceiveMessage"}
    writes = actions & {"s3:PutObject", "sqs:SendMessage"}
    if not reads and not writes:
        return []
    stack = Stack.of(key)
    services = [f"{service}.{stack.region}.amazonaws.com" for service in ("s3", "sqs")]
    return [
        iam.PolicyStatement(
            actions=["kms:Decrypt", *(["kms:GenerateDataKey"] if writes else [])],
            resources=[key.key_arn],
            conditions={"StringEquals": {"kms:ViaService": services}},
        )
    ]


def make_data_keys(key: kms.IKey | None) -> tuple[iam.PolicyStatement, ...]:
    """Allow making data keys, each of which also comes encrypted by `key`; nothing without one."""
    return _use(key, "kms:GenerateDataKey")


def decrypt_data_keys(key: kms.IKey | None) -> tuple[iam.PolicyStatement, ...]:
    """Allow decrypting data keys that `key` has encrypted; nothing without one."""
    return _use(key, "kms:Decrypt")


def _use(key: kms.IKey | None, action: str) -> tuple[iam.PolicyStatement, ...]:
    return (iam.PolicyStatement(actions=[action], resources=[key.key_arn]),) if key else ()


def invoke(name: str, neighbour: sqs.IQueue) -> iam.PolicyStatement:
    """Allow calling the function of this name, in the account of `neighbour`."""
    arn = Stack.of(neighbour).format_arn(
        service="lambda",
        resource="function",
        resource_name=name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[arn])


def read_secrets(prefix: str, neighbour: sqs.IQueue) -> iam.PolicyStatement:
    """Allow reading the secrets whose names begin with `prefix`, in the account of `neighbour`."""
    arn = Stack.of(neighbour).format_arn(
        service="secretsmanager",
        resource="secret",
        resource_name=f"{prefix}*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[arn])


def read_secret(scope: IConstruct, name: str) -> iam.PolicyStatement:
    """Allow reading this secret; Secrets Manager appends six characters to its name."""
    arn = Stack.of(scope).format_arn(
        service="secretsmanager",
        resource="secret",
        resource_name=f"{name}-??????",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[arn])


def foreign_objects(buckets: Iterable[str]) -> list[iam.PolicyStatement]:
    """Allow listing and reading buckets of others."""
    names = list(buckets)
    if not names:
        return []
    return [
        iam.PolicyStatement(
            actions=["s3:ListBucket"], resources=[f"arn:aws:s3:::{name}" for name in names]
        ),
        iam.PolicyStatement(
            actions=["s3:GetObject"], resources=[f"arn:aws:s3:::{name}/*" for name in names]
        ),
    ]


def publish_to(topics: str) -> iam.PolicyStatement:
    """Allow publishing to the topics."""
    return iam.PolicyStatement(actions=["sns:Publish"], resources=[topics])


def put_events(bus: events.IEventBus) -> iam.PolicyStatement:
    """Allow putting events on the bus, in Waybill's name only."""
    return iam.PolicyStatement(
        actions=["events:PutEvents"],
        resources=[bus.event_bus_arn],
        conditions={"ForAllValues:StringEquals": {"events:source": [EVENT_SOURCE]}},
    )
