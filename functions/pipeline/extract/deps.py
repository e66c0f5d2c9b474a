"""The dependencies of the function `extract`."""

from typing import TYPE_CHECKING, NamedTuple, Self

from functions.pipeline.extract.credentials import Secrets
from functions.pipeline.extract.settings import ExtractSettings
from waybill.clients import s3_client
from waybill.outbound.address import Guard
from waybill.outbound.http import GuardedHttp, Limits
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Deps(NamedTuple):
    """S3, the state bucket, what reads sources, and the settings."""

    s3: "S3Client"
    state: StateBucket
    secrets: Secrets
    guard: Guard
    http: GuardedHttp
    settings: ExtractSettings

    @classmethod
    def of(cls, settings: ExtractSettings) -> Self:
        """The dependencies of an invocation."""
        s3 = s3_client()
        guard = Guard.of(settings.source_networks, plain_http=settings.source_plain_http)
        limits = Limits(settings.max_response_bytes, settings.response_seconds)
        return cls(
            s3,
            StateBucket(s3, settings.state_bucket),
            Secrets(settings.source_secrets),
            guard,
            GuardedHttp(guard, limits),
            settings,
        )
