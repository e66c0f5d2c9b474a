"""Check the fields of records: their number, quoting, UTF-8 and NUL bytes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from waybill.records.block import Block, Bytes, Faults, Positions, view
from waybill.records.escapes import ESCAPED_QUOTE, shadow
from waybill.records.grammar import Fault
from waybill.records.marks import Marks

# A share of invalid records below which the others are joined run by run.
_FEW = 1 / 16
# Bounds the memory of positions where there are many escapes.
_PIECE = 1024 * 1024


class CheckedBlock(NamedTuple):
    """The valid records of a block, and the faults of the others."""

    clean: bytes
    """The valid records with their line endings, and blank lines: UTF-8 without NUL, and with
    placeholders for escapes (`escapes.py`)."""
    valid: Positions
    """Indices of the valid records in the block."""
    quoted: NDArray[np.bool_] | None
    """Whether each field is quoted, shape (valid records, fields); None when no field is."""
    block: Block
    """The block with the faults found."""
    field_counts: Positions
    """Number of fields of each record of the block; 0 if it is malformed."""


def check_fields(block: Block, marks: Marks, count: int) -> CheckedBlock:
    """Find records that are not UTF-8 text or do not have `count` (at least 1) fields."""
    faults = block.faults.copy()
    settled = block._replace(data=shadow(block.data, marks))
    ends = _delimiters(settled, marks)
    before, field_counts = _fields(block, ends, count)
    field_counts[faults != Fault.OK] = 0
    for fault, wrong in (
        (Fault.FIELD_COUNT, field_counts != count),
        (Fault.INVALID_UTF8, _not_utf8(block)),
        (Fault.NUL_BYTE, _holding_nul(settled)),
        (Fault.QUOTE_IN_FIELD, quote_escaped_outside(block, settled, marks)),
    ):
        faults[wrong & (block.faults == Fault.OK)] = fault
    block = block._replace(faults=faults)
    valid = np.flatnonzero(faults == Fault.OK)
    quoted = None
    if marks.quote is not None:
        quoted = _quoted(settled, valid, ends, before[valid], count, ord(marks.quote))
    return CheckedBlock(_clean(settled, faults, valid), valid, quoted, block, field_counts)


def _fields(block: Block, ends: Positions, count: int) -> tuple[Positions, Positions]:
    """For each record, the number of delimiters before it, and its number of fields."""
    if len(ends) == block.record_count * (count - 1):
        before = np.arange(block.record_count) * (count - 1)
        table = ends.reshape(block.record_count, count - 1)
        # The total fits; check that each record contains its own share of the delimiters.
        if count == 1 or bool(((table[:, 0] >= block.starts) & (table[:, -1] < block.stops)).all()):
            return before, np.full(block.record_count, count)
    before = np.searchsorted(ends, block.starts)
    return before, np.searchsorted(ends, block.stops) - before + 1


def _delimiters(block: Block, marks: Marks) -> Positions:
    """Positions of the delimiters outside quotes."""
    found = np.flatnonzero(view(block.data) == ord(marks.delimiter))
    return _outside_quotes(block, found, _odd_quotes(block, marks) if len(found) else None)


def _odd_quotes(block: Block, marks: Marks) -> Bytes | None:
    """Whether the number of quotes up to each byte is odd; None without quotes.

    A byte each, where positions of quotes would take eight.
    """
    if marks.quote is None or marks.quote.encode() not in block.data:
        return None
    is_odd = np.cumsum(view(block.data) == ord(marks.quote), dtype=np.uint8)
    is_odd &= 1
    return is_odd


def _outside_quotes(block: Block, found: Positions, is_odd: Bytes | None) -> Positions:
    """Those of the positions that are outside quotes."""
    if is_odd is None:
        return found
    inside = is_odd[found]
    # Pair quotes from the start of each record: a malformed record may have an odd number.
    begins_odd = np.where(block.starts > 0, is_odd[block.starts - 1], 0)
    if begins_odd.any():
        owner = np.maximum(np.searchsorted(block.starts, found, "right") - 1, 0)
        inside ^= begins_odd[owner]
    outside: Positions = found[inside == 0]
    return outside


def _owners(block: Block, positions: Positions) -> NDArray[np.bool_]:
    """Which records contain one of the positions."""
    holding = np.zeros(block.record_count, bool)
    owner = np.searchsorted(block.starts, positions, "right") - 1
    holding[owner[owner >= 0]] = True
    return holding


def quote_escaped_outside(block: Block, settled: Block, marks: Marks) -> NDArray[np.bool_]:
    """Records with a quote after an escape that has no meaning there; `settled` is the shadow."""
    holding = np.zeros(block.record_count, bool)
    if not marks.escapes_in_quotes or bytes([ESCAPED_QUOTE]) not in settled.data:
        return holding
    is_odd, octets = _odd_quotes(settled, marks), view(settled.data)
    for begin in range(0, len(octets), _PIECE):
        found = np.flatnonzero(octets[begin : begin + _PIECE] == ESCAPED_QUOTE) + begin
        # What is not UTF-8 may have that byte itself.
        found = found[view(block.data)[found] == ord(marks.quote or "")]
        holding |= _owners(block, _outside_quotes(settled, found, is_odd))
    return holding


def _holding_nul(block: Block) -> NDArray[np.bool_]:
    if b"\0" not in block.data:
        return np.zeros(block.record_count, bool)
    return _owners(block, np.flatnonzero(view(block.data) == 0))


def _not_utf8(block: Block) -> NDArray[np.bool_]:
    wrong = np.zeros(block.record_count, bool)
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


def _quoted(  # noqa: PLR0913, PLR0917 - what was found of the fields before
    block: Block, valid: Positions, ends: Positions, before: Positions, count: int, quote: int
) -> NDArray[np.bool_] | None:
    if bytes([quote]) not in block.data or not len(valid):
        return None
    begins = np.empty((len(valid), count), np.int64)
    begins[:, 0] = block.starts[valid]
    if count > 1:
        begins[:, 1:] = ends[before[:, None] + np.arange(count - 1)] + 1
    # The data may end in an empty field, which has no first byte.
    octets = view(block.data)
    quoted = octets[np.minimum(begins, len(octets) - 1)] == quote
    quoted &= begins < block.stops[valid][:, None]
    return quoted if quoted.any() else None


def _clean(block: Block, faults: Faults, valid: Positions) -> bytes:
    if len(valid) == block.record_count:
        return block.data
    if not len(valid):
        return b""
    keep = faults == Fault.OK
    edges = np.append(block.starts, len(block.data))
    dropped = np.flatnonzero(~keep)
    if len(dropped) < _FEW * block.record_count:
        begins = np.append(edges[0], edges[dropped + 1]).tolist()
        ends = np.append(edges[dropped], edges[-1]).tolist()
        return b"".join([block.data[begin:end] for begin, end in zip(begins, ends, strict=True)])
    octets = view(block.data)[block.starts[0] :]
    clean: bytes = octets[np.repeat(keep, np.diff(edges))].tobytes()
    return clean
