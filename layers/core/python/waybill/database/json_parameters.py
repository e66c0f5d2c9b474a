"""JSON parameters that PostgreSQL can store, whatever a file made them of."""

import re
from typing import Any

from psycopg.types.json import Jsonb

# `jsonb` can hold neither NUL nor a lone surrogate. A reason that quotes a file may have
# them, and must be stored all the same: a job that cannot be failed would never end.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def jsonb(value: object) -> Jsonb:
    """The value as a `jsonb` parameter; characters that it cannot hold become U+FFFD."""
    return Jsonb(_storable(value))


def _storable(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_storable(name): _storable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(part) for part in value]
    return value
