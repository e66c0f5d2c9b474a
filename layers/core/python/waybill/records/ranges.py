"""Divide an object into ranges by arithmetic; where chunks begin in them is found by surveys."""

from typing import NamedTuple

from waybill.records.layout import Layout

# A chunk costs a run of a function and a transaction; a smaller one would hardly pay for them.
_LEAST_BYTES = 8 * 1024 * 1024


class ChunkSurvey(NamedTuple):
    """If the chunk begins at `start`, the next one begins at `end`, so many lines later."""

    start: int
    end: int
    lines: int


def can_survey(layout: Layout) -> bool:
    """Whether boundaries of records can be found without reading the text before them."""
    return layout.file_format in ("csv", "json-lines") and not layout.is_stream


def even_size(size: int, chunk_bytes: int, at_once: int) -> int:
    """The size of chunks for so many bytes, at most `chunk_bytes`.

    Small enough that all loaders that a job may have at once have as much to do, if it is worth it.
    """
    rounds = -(-size // (chunk_bytes * at_once))
    count = min(rounds * at_once, size // min(_LEAST_BYTES, chunk_bytes))
    return -(-size // max(count, 1)) or 1
