"""The environment of the functions as typed models. A variable's name is written only here.

`infra` derives the environment of each function from these models, so this module imports
nothing heavy. A field `landing_bucket` is the variable `LANDING_BUCKET`.
"""

import os
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Base of every function's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the fields from `environment` (default: the process's); absent ones default.

        Raises:
            pydantic.ValidationError: a variable is missing or has no valid value.
        """
        source = os.environ if environment is None else environment
        names = {name: name.upper() for name in cls.model_fields}
        return cls.model_validate({n: source[v] for n, v in names.items() if source.get(v)})


class MetricsSettings(Settings):
    """Where a process keeps its metrics (`waybill.metrics`)."""

    metrics_bucket: str | None = Field(
        default=None, description="Bucket for metrics; without it, they are in the log only."
    )
    metrics_seconds: float = Field(
        default=30, ge=0, description="Seconds until a process keeps its metrics again."
    )


class LogSettings(MetricsSettings):
    """Settings of every function."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Lowest level that is logged."
    )


class ApiSettings(LogSettings):
    """Settings of every function of the API."""

    browser_origin: str | None = Field(
        default=None,
        description="Origin whose pages may read responses (CORS); `*` for all, none by default.",
    )


class DatabaseSettings(Settings):
    """Connection to PostgreSQL, as a role that owns nothing."""

    database_host: str = Field(description="Host name of the writer endpoint.")
    database_port: int = Field(default=5432, description="TCP port.")
    database_name: str = Field(default="waybill", description="Database name.")
    database_user: str = Field(description="Role to connect as; it owns nothing.")
    database_tls: Literal["verify-full", "disable"] = Field(
        default="verify-full", description="TLS mode; `disable` is for the local stack only."
    )
    database_auth: Literal["iam", "secret", "iam-or-secret"] = Field(
        default="iam",
        description="IAM token, a password in Secrets Manager, or the password where the server "
        "refuses the token.",
    )
    database_secret_arn: str | None = Field(
        default=None, description="Secret with a `password` field, for an auth with `secret`."
    )


class ReaderSettings(DatabaseSettings):
    """PostgreSQL, and an instance of it for reads that may be a moment behind."""

    database_reader_host: str | None = Field(
        default=None, description="Host name of the reader endpoint; without it, the writer reads."
    )
    database_reader_port: int | None = Field(
        default=None, description="TCP port of the reader, if it is not the writer's."
    )


class CacheSettings(Settings):
    """Cached rows and figures."""

    cache_url: str | None = Field(
        default=None,
        description="`valkeys://host:port` of a cache server; without it, the process's memory.",
    )
    cache_ttl_seconds: float = Field(
        default=300,
        gt=0,
        description="Seconds that a cached response lives at most.",
    )


class LandingSettings(Settings):
    """The bucket of uploaded files."""

    landing_bucket: str = Field(description="Versioned bucket that files are uploaded to.")


class SizeSettings(Settings):
    """The size limit of files (`waybill.contract.size_limit`)."""

    max_upload_bytes: int = Field(
        default=5 * 1024**4,
        ge=1,
        description="Size limit of a file, also of a dataset without one; S3's is 5 TiB.",
    )


class FlowControlSettings(Settings):
    """Flow control between files (`waybill.flow_control`)."""

    chunks_at_once: int = Field(
        default=3, ge=1, description="Chunks of one job that are queued or loading at a time."
    )


class WaitSettings(Settings):
    """Bounds on requests that wait for a job (`waybill.http.waiting`)."""

    waits_at_once: int = Field(default=30, ge=1, description="Requests that wait at a time.")
    waits_per_client: int = Field(
        default=16, ge=1, description="Requests of one client that wait at a time."
    )


class PersonalSettings(Settings):
    """The encryption of rejects that may hold personal data (`waybill.encryption`)."""

    personal_key: str | None = Field(
        default=None,
        description="KMS key for the text of rejects with personal columns, which is not kept "
        "without it.",
    )


class StateSettings(Settings):
    """The bucket that is read while the database is paused."""

    state_bucket: str = Field(
        description="Bucket with contracts, upload tickets and wake-up markers."
    )


class UnpackSettings(Settings):
    """Limits of compressed objects and archives."""

    unpacked_bytes_limit: int = Field(
        default=21_474_836_480, ge=1, description="Maximum decompressed size of an object in bytes."
    )
    unpacked_ratio_limit: int = Field(
        default=200,
        ge=1,
        description="Maximum ratio of decompressed to compressed bytes, after the first 10 MiB.",
    )
