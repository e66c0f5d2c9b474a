"""The named queries of `sql/queries`, loaded with aiosql; for this package only."""

from functools import cache
from pathlib import Path
from typing import Any

import aiosql

_IN_LAYER = Path(__file__).parents[1] / "sql"
_IN_TREE = Path(__file__).parents[5] / "sql"


def sql_folder() -> Path:
    """`sql/` as the layer carries it, or as it stands in the source tree."""
    return _IN_LAYER if _IN_LAYER.is_dir() else _IN_TREE


@cache
def queries(topic: str) -> Any:  # noqa: ANN401 - aiosql makes the methods from the file
    """The queries of `sql/queries/{topic}.sql`, a method for each name."""
    return aiosql.from_path(
        sql_folder() / "queries" / f"{topic}.sql", "psycopg", mandatory_parameters=False
    )


@cache
def query_text(query: str) -> bytes:
    """The text of the query `{topic}.{name}`, with psycopg's placeholders."""
    topic, _, name = query.partition(".")
    text: str = getattr(queries(topic), name).sql
    return text.encode()
