"""Content negotiation (RFC 9110): which representation of a response a client gets."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from waybill.errors import NotAcceptable
from waybill.tables.formats import MEDIA_TYPES

CSV = "text/csv; charset=utf-8"
# Not a union with `TableFormat`, of whose parts an error would name each.
Representation = Literal["json", "csv", "jsonl", "parquet", "arrow"]
OFFERS: Mapping[Representation, str] = {
    "json": "application/json",
    **{name: media_type.partition(";")[0] for name, media_type in MEDIA_TYPES.items()},
}
"""Media types, the preferred one first."""
FormatParam = Annotated[
    Representation | None,
    Query(alias="format", description="Format of the response, whatever Accept prefers."),
]
BINARY: tuple[Representation, ...] = ("parquet", "arrow")
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_MAX_RANGES = 50


class _Range(NamedTuple):
    """A media range of an Accept header, and how much it is wanted."""

    media_type: str
    weight: float


class Accept:
    """What a client accepts; without the header everything."""

    def __init__(self, header: str | None) -> None:
        offers = [part for part in (header or "").split(",")[:_MAX_RANGES] if part.strip()]
        self._ranges = [_range(offer) for offer in offers] or [_Range("*/*", 1.0)]

    @property
    def first(self) -> str:
        """The first media range."""
        return self._ranges[0].media_type

    def weight(self, media_type: str) -> float:
        """That of the most specific range that the type is in; 0 if it is not acceptable."""
        general = f"{media_type.partition('/')[0]}/*"
        for pattern in (media_type, general, "*/*"):
            found = [each.weight for each in self._ranges if each.media_type == pattern]
            if found:
                return max(found)
        return 0.0


def _range(offer: str) -> _Range:
    media_type, *parameters = (part.strip().lower() for part in offer.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            found = _WEIGHT.fullmatch(value.strip())
            return _Range(media_type, float(found[0]) if found else 0.0)
    return _Range(media_type, 1.0)


def accept_of(event: APIGatewayProxyEvent) -> str | None:
    """The Accept header of the request; several are one."""
    values = [
        value
        for name, given in (event.raw_event.get("multiValueHeaders") or {}).items()
        if name.lower() == "accept"
        for value in given
    ]
    return ", ".join(values) or event.headers.get("accept")


def choose_representation(
    accept_header: str | None, requested: Representation | None
) -> Representation:
    """The representation that the query requests, or the one that the client prefers.

    API Gateway passes bytes on as they are only if the *first* type that the client accepts is
    one of its binary types; another client would get base64, so it gets another representation.

    Raises:
        NotAcceptable: `not-acceptable`.
    """
    accept = Accept(accept_header)
    if requested and (requested not in BINARY or accept.first == OFFERS[requested]):
        return requested
    if requested:
        detail = f"Send `Accept: {OFFERS[requested]}`, with nothing before it, to get {requested}."
        raise NotAcceptable("not-acceptable", detail)
    weights = {
        name: accept.weight(media_type)
        for name, media_type in OFFERS.items()
        if name not in BINARY or accept.first == media_type
    }
    chosen = max(weights, key=lambda name: weights[name])
    if not weights[chosen]:
        listed = ", ".join(OFFERS.values())
        detail = f"The media types are {listed}; one of the last two must be the first in Accept."
        raise NotAcceptable("not-acceptable", detail)
    return chosen


def prefers_csv(accept: str | None) -> bool:
    """Whether an Accept header prefers text/csv to JSON, the default."""
    given = Accept(accept)
    return given.weight(OFFERS["csv"]) > given.weight(OFFERS["json"])
