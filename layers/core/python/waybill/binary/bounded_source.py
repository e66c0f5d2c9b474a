"""A file of which some blocks are kept, and not more than so many bytes are fetched."""

from collections import OrderedDict
from collections.abc import Iterator

from waybill.binary.source import Source, pieces
from waybill.errors import Rejected

_BLOCK = 512 * 1024
_KEPT_BLOCKS = 128


class BoundedSource:
    """Reads another source in blocks, each once while it is kept."""

    def __init__(self, whole: Source, most_bytes: int) -> None:
        self._whole = whole
        self._most = most_bytes
        self._fetched = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    @property
    def size(self) -> int:
        """Its number of bytes."""
        return self._whole.size

    def read(self, offset: int, length: int) -> bytes:
        """The bytes [offset, offset + length).

        Raises:
            Rejected: `sample-too-large`, more bytes would be fetched than may be.
        """
        first, end = offset // _BLOCK, -(-(offset + length) // _BLOCK)
        blocks: list[bytes] = []
        while (number := first + len(blocks)) < end:
            if number in self._blocks:
                self._blocks.move_to_end(number)
                blocks.append(self._blocks[number])
            else:
                kept = next((each for each in range(number, end) if each in self._blocks), end)
                blocks += self._fetch(number, kept)
        return b"".join(blocks)[offset - first * _BLOCK :][:length]

    def pieces(self) -> Iterator[bytes]:
        """All bytes, from the beginning."""
        return pieces(self, 0, self.size)

    def _fetch(self, first: int, end: int) -> list[bytes]:
        """The blocks [first, end) by one request, which takes longer than the bytes of a block."""
        begin = first * _BLOCK
        length = min(end * _BLOCK, self.size) - begin
        self._fetched += length
        if self._fetched > self._most:
            detail = (
                f"More than {self._most // 1024**2} MiB of the file have to be read for its first"
                " records. Write smaller row groups or record batches."
            )
            raise Rejected("sample-too-large", detail)
        data = self._whole.read(begin, length)
        blocks = [data[at : at + _BLOCK] for at in range(0, length, _BLOCK)]
        self._blocks.update(enumerate(blocks, first))
        while len(self._blocks) > _KEPT_BLOCKS:
            self._blocks.popitem(last=False)
        return blocks
