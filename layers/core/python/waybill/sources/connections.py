"""How a source is reached, by its kind. Credentials are a reference to a secret, never a value."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

SourceKind = Literal["s3", "rest", "database"]
KINDS: tuple[SourceKind, ...] = ("s3", "rest", "database")
# Headers that carry credentials: these come from the secret.
_SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "x-api-key", "x-auth-token", "api-key"}
)
# Headers that say how the request is sent.
_OWN_HEADERS = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "expect"}
)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{0,2000}")
# Names that a query parameter with a credential usually has.
_SECRET_PARAMETERS = frozenset({"access_token", "api_key", "apikey", "password", "secret", "token"})
_NAME = r"^[^\x00-\x1f\x7f]{1,200}$"
Name = Annotated[str, Field(pattern=_NAME)]


def _check_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        port_is_valid = False
    if not port_is_valid or not parts.hostname or parts.scheme not in ("https", "http"):
        raise PydanticCustomError("not_a_url", "It must be a URL such as https://api.example/v1.")
    if parts.username is not None or parts.password is not None:
        raise PydanticCustomError("has_credentials", "Credentials belong in a secret.")
    if parts.query or parts.fragment:
        raise PydanticCustomError("has_query", "Use `parameters` for the query.")
    return url


def _without(names: frozenset[str], values: dict[str, str]) -> dict[str, str]:
    if any(name.lower() in names for name in values):
        raise PydanticCustomError("has_credentials", "Credentials belong in a secret.")
    return values


def _check_headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise PydanticCustomError("not_a_header", "A header is named that cannot be set.")
        if not _HEADER_VALUE.fullmatch(value):
            raise PydanticCustomError("not_a_header", "A header must be printable ASCII.")
    return _without(_SECRET_HEADERS, headers)


Url = Annotated[str, Field(max_length=2000), AfterValidator(_check_url)]
Headers = Annotated[dict[str, str], AfterValidator(_check_headers)]
Parameters = Annotated[
    dict[str, str], AfterValidator(lambda values: _without(_SECRET_PARAMETERS, values))
]


Lookback = Annotated[int | None, Field(ge=1, le=366 * 86400)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class S3Connection(_Strict):
    """Objects below a prefix: those that are there, and those that come."""

    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    prefix: str = Field(default="", max_length=1024)
    suffix: str = Field(default="", max_length=100, description="Only keys that end so.")


class Authorization(_Strict):
    """How a request is authorized, with the credentials of the secret.

    The secret is JSON: `token` for `header` and `bearer`, `client_id` and `client_secret` for
    `oauth` (client credentials).
    """

    kind: Literal["header", "bearer", "oauth"]
    header: str = Field(default="X-Api-Key", pattern=r"^[A-Za-z0-9-]{1,64}$")
    token_url: Url | None = None
    scope: str | None = Field(default=None, max_length=500)

    @model_validator(mode="after")
    def _check(self) -> "Authorization":
        if self.kind == "oauth" and self.token_url is None:
            raise PydanticCustomError("no_token_url", "`oauth` needs `token_url`.")
        return self


class Pages(_Strict):
    """How the next page is asked for."""

    kind: Literal["none", "page", "offset", "cursor", "link"] = "none"
    parameter: Name | None = Field(
        default=None, description="Query parameter; default: page, offset or cursor."
    )
    first: int = Field(default=1, ge=0, description="Number of the first page.")
    size_parameter: Name | None = None
    size: int | None = Field(default=None, ge=1, le=100_000)
    next: Name | None = Field(
        default=None, description="Where a page has the next cursor: `meta.next_cursor`."
    )

    @model_validator(mode="after")
    def _check(self) -> "Pages":
        if self.kind == "cursor" and self.next is None:
            raise PydanticCustomError("no_next", "Pages by cursor need `next`.")
        if self.size_parameter is not None and self.size is None:
            raise PydanticCustomError("no_size", "`size_parameter` needs `size`.")
        return self


class RestIncremental(_Strict):
    """Each run asks for what changed since the last one."""

    field: Name = Field(description="Field of a record; its highest value is the next cursor.")
    parameter: Name = Field(description="Query parameter that gets the cursor.")
    start: str | None = Field(default=None, max_length=200, description="The first cursor.")
    lookback: Lookback = Field(
        default=None,
        description="How far before its cursor a run begins: seconds of a time, or so many of a"
        " number. For records that change while pages are read.",
    )


class RestConnection(_Strict):
    """A REST API that sends JSON."""

    url: Url
    records: Name | None = Field(
        default=None, description="Where a page has its records: `data.items`; default: the page."
    )
    parameters: Parameters = {}
    headers: Headers = {}
    auth: Authorization | None = None
    pages: Pages = Pages()
    incremental: RestIncremental | None = None
    requests_per_second: float | None = Field(default=None, gt=0, le=1000)
    secret_arn: str | None = Field(default=None, max_length=2048)

    @model_validator(mode="after")
    def _check(self) -> "RestConnection":
        if (self.auth is None) != (self.secret_arn is None):
            raise PydanticCustomError("no_secret", "`auth` and `secret_arn` need each other.")
        return self


class DatabaseConnection(_Strict):
    """A table or a query of another database. The secret has `username` and `password`."""

    engine: Literal["postgresql", "mysql"] = Field(description="`mysql` includes MariaDB.")
    host: str = Field(pattern=r"^[A-Za-z0-9_.:-]{1,253}$")
    port: int | None = Field(default=None, ge=1, le=65535)
    database: Name
    table: Name | None = Field(default=None, description="`name` or `schema.name`.")
    query: str | None = Field(default=None, max_length=100_000, description="One SELECT.")
    key: list[Name] = Field(
        min_length=1, max_length=8, description="Columns that identify a row; a run resumes by it."
    )
    incremental: Name | None = Field(
        default=None, description="Column that grows with every change, such as updated_at."
    )
    lookback: Lookback = Field(
        default=None,
        description="How far before the last value of `incremental` a run begins: seconds of a"
        " time, or so many of a number. For rows that were committed late, with a lower value.",
    )
    tls: Literal["verify-full", "disable"] = "verify-full"
    tls_ca: str | None = Field(default=None, max_length=100_000, description="PEM.")
    statement_seconds: int = Field(default=120, ge=1, le=800)
    secret_arn: str = Field(max_length=2048)

    @model_validator(mode="after")
    def _check(self) -> "DatabaseConnection":
        if (self.table is None) == (self.query is None):
            raise PydanticCustomError("table_or_query", "Give either `table` or `query`.")
        if self.lookback is not None and self.incremental is None:
            raise PydanticCustomError("no_incremental", "`lookback` needs `incremental`.")
        return self


Connection = S3Connection | RestConnection | DatabaseConnection
MODELS: dict[SourceKind, type[Connection]] = {
    "s3": S3Connection,
    "rest": RestConnection,
    "database": DatabaseConnection,
}
