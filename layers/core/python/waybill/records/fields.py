"""Fields: how many each record has, which are quoted, and whether the bytes are text at all."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from waybill.records.block import Block, Positions, view
from waybill.records.grammar import QUOTE, Fault


class Judged(NamedTuple):
    """The records of a block that are sound as such, and what was found of the others."""

    clean: bytes
    """Sound records with their line endings, nothing else but blank lines: UTF-8 without NUL."""
    sound: Positions
    """Their indices in the block."""
    quoted: NDArray[np.bool_] | None
    """Whether each field is quoted (records, fields); None when no field is."""
    block: Block
    """The block, with the faults that were found."""
    found: Positions
    """Fields that each record of the block has; 0 where it is malformed."""


def judge(block: Block, delimiter: str, count: int) -> Judged:
    """Find records that are not text or have not `count` fields; `count` is at least 1."""
    faults = block.faults.copy()
    marks = _outside_quotes(block, ord(delimiter))
    before, found = _fields(block, marks, count)
    found[faults != Fault.OK] = 0
    for fault, wrong in (
        (Fault.FIELD_COUNT, found != count),
        (Fault.INVALID_UTF8, _not_utf8(block)),
        (Fault.NUL_BYTE, _holding_nul(block)),
    ):
        faults[wrong & (block.faults == Fault.OK)] = fault
    block = block._replace(faults=faults)
    sound = np.flatnonzero(faults == Fault.OK)
    quoted = _quoted(block, sound, marks, before[sound], count)
    return Judged(_clean(block, sound), sound, quoted, block, found)


def _fields(block: Block, marks: Positions, count: int) -> tuple[Positions, Positions]:
    """For each record, the separating delimiters before it, and its fields."""
    if len(marks) == block.read * (count - 1):
        before = np.arange(block.read) * (count - 1)
        table = marks.reshape(block.read, count - 1)
        # Each record's share of the delimiters lies within it: that is all there is to check.
        if count == 1 or bool(((table[:, 0] >= block.starts) & (table[:, -1] < block.stops)).all()):
            return before, np.full(block.read, count)
    before = np.searchsorted(marks, block.starts)
    return before, np.searchsorted(marks, block.stops) - before + 1


def _outside_quotes(block: Block, delimiter: int) -> Positions:
    """Where delimiters separate fields."""
    octets = view(block.data)
    marks = np.flatnonzero(octets == delimiter)
    if b'"' not in block.data:
        return marks
    quotes = np.flatnonzero(octets == QUOTE)
    before = np.searchsorted(quotes, marks)
    # Quotes pair up from the start of each record: a malformed one may leave one over.
    anchors = np.searchsorted(quotes, block.starts)
    if (anchors & 1).any():
        owner = np.maximum(np.searchsorted(block.starts, marks, "right") - 1, 0)
        before -= anchors[owner]
    separating: Positions = marks[(before & 1) == 0]
    return separating


def _owners(block: Block, positions: Positions) -> NDArray[np.bool_]:
    """Which records hold one of the positions."""
    holding = np.zeros(block.read, bool)
    owner = np.searchsorted(block.starts, positions, "right") - 1
    holding[owner[owner >= 0]] = True
    return holding


def _holding_nul(block: Block) -> NDArray[np.bool_]:
    if b"\0" not in block.data:
        return np.zeros(block.read, bool)
    return _owners(block, np.flatnonzero(view(block.data) == 0))


def _not_utf8(block: Block) -> NDArray[np.bool_]:
    wrong = np.zeros(block.read, bool)
    if block.data.isascii() or _is_utf8(block.data):
        return wrong
    suspects = np.flatnonzero(_owners(block, np.flatnonzero(view(block.data) > 127)))
    spans = zip(suspects, block.starts[suspects], block.stops[suspects], strict=True)
    for index, start, stop in spans:
        wrong[index] = not _is_utf8(block.data[start:stop])
    return wrong


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _quoted(
    block: Block, sound: Positions, marks: Positions, before: Positions, count: int
) -> NDArray[np.bool_] | None:
    if b'"' not in block.data or not len(sound):
        return None
    begins = np.empty((len(sound), count), np.int64)
    begins[:, 0] = block.starts[sound]
    if count > 1:
        begins[:, 1:] = marks[before[:, None] + np.arange(count - 1)] + 1
    # A record may end the data with an empty field: then there is no byte to look at.
    octets = view(block.data)
    quoted = octets[np.minimum(begins, len(octets) - 1)] == QUOTE
    quoted &= begins < block.stops[sound][:, None]
    return quoted if quoted.any() else None


def _clean(block: Block, sound: Positions) -> bytes:
    if len(sound) == block.read:
        return block.data
    if not len(sound):
        return b""
    keep = block.faults == Fault.OK
    lengths = np.diff(np.append(block.starts, len(block.data)))
    octets = view(block.data)[block.starts[0] :]
    clean: bytes = octets[np.repeat(keep, lengths)].tobytes()
    return clean
