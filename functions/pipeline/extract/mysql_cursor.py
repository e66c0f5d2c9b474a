"""A cursor of MySQL and MariaDB that reads rows as they are needed, and no others."""

from typing import Any

from pymysql.constants import CR
from pymysql.cursors import SSCursor
from pymysql.err import OperationalError, raise_mysql_exception

Values = list[bytes | None]
"""A row as the server wrote it: the text of each value, or its bytes."""
_WHOLE = 0xFFFFFF  # A packet of this size continues in the next one.
_NULL, _EOF, _ERROR = 251, 254, 255
_SIZES = {252: 2, 253: 3, 254: 8}
_EOF_BYTES = 9


class RowsAsNeeded(SSCursor):
    """A cursor whose connection is closed with it.

    The driver's own reads all rows that are left when it is closed, since the connection could not
    be used otherwise: of a large table that takes as long as the run, and where the connection is
    lost it fails in a way that hides why. It also takes several times as long for each row.
    """

    @property
    def encodings(self) -> list[str | None]:
        """Of each column's text; None where its values are bytes."""
        return [encoding for encoding, _ in self._read.converters]

    def fetch_values(self, count: int) -> list[Values]:
        """The next rows, so many at most.

        Raises:
            pymysql.Error: the server ends the statement, or the connection is lost.
            OSError: the connection is lost.
        """
        result, found = self._read, list[Values]()
        if not result.unbuffered_active:
            return found
        connection, columns = result.connection, result.field_count
        read, number = connection._rfile.read, connection._next_seq_id  # noqa: SLF001
        for _ in range(count):
            packet, number = _packet(read, number)
            if packet[0] == _EOF and len(packet) < _EOF_BYTES:
                result.unbuffered_active = False
                break
            if packet[0] == _ERROR:
                raise_mysql_exception(packet)
            found.append(_values(packet, columns))
        connection._next_seq_id = number  # noqa: SLF001
        return found

    def close(self) -> None:
        """Leave what is left unread."""
        result = getattr(self, "_result", None)
        if result is not None:
            result.unbuffered_active = False
        super().close()

    @property
    def _read(self) -> Any:  # noqa: ANN401 - the driver's own, without types
        return getattr(self, "_result")  # noqa: B009 - the stubs do not have it


def _packet(read: Any, number: int) -> tuple[bytes, int]:  # noqa: ANN401 - the stream's method
    """The next packet, whose number must be this one; and the number of the one after it."""
    packet = b""
    while True:
        header = read(4)
        # A server that shuts down sends an error that is out of turn.
        if len(header) < 4 or header[3] != number:
            raise _lost()
        size = int.from_bytes(header[:3], "little")
        part = read(size)
        if len(part) < size:
            raise _lost()
        number = (number + 1) % 256
        if size < _WHOLE:
            return packet + part, number
        packet += part


def _values(packet: bytes, columns: int) -> Values:
    found, place = Values(), 0
    for _ in range(columns):
        size = packet[place]
        place += 1
        if size >= _NULL:
            if size == _NULL:
                found.append(None)
                continue
            start, place = place, place + _SIZES[size]
            size = int.from_bytes(packet[start:place], "little")
        end = place + size
        found.append(packet[place:end])
        place = end
    return found


def _lost() -> OperationalError:
    return OperationalError(CR.CR_SERVER_LOST, "Lost connection to MySQL server during query")
