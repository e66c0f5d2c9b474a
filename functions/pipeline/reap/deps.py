"""The dependencies of the function `reap`."""

from typing import TYPE_CHECKING, NamedTuple

from functions.pipeline.reap.settings import ReapSettings
from waybill.database.repository import Connection
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Deps(NamedTuple):
    """A connection in autocommit, S3, the state bucket, and the settings."""

    connection: Connection
    s3: "S3Client"
    state: StateBucket
    settings: ReapSettings
