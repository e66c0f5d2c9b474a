"""The dependencies of the load step."""

from typing import TYPE_CHECKING, NamedTuple

from functions.pipeline.load.settings import LoadSettings
from waybill.database.repository import Connection

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Deps(NamedTuple):
    """A connection in autocommit, the S3 client, the settings and the time limits."""

    connection: Connection
    s3: "S3Client"
    settings: LoadSettings
    seconds: float = 240.0
    """Time limit of a chunk."""
    patience_seconds: float = 60.0
    """Time limit of S3 and the database without progress."""
