"""How the examples of the API description are sent that have a media type of their own."""

import schemathesis
from schemathesis import SerializationContext


@schemathesis.serializer("application/x-ndjson")
def json_lines(_context: SerializationContext, value: object) -> bytes:
    """The lines as they are."""
    return value if isinstance(value, bytes) else str(value).encode()
