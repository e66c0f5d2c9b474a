"""Parses XML as a stream, without document types and so without entities."""

from collections.abc import Callable, Mapping
from typing import Protocol
from xml.parsers import expat

from waybill.binary.task import UnreadableFile

_PIECE = 64 * 1024


class Handler(Protocol):
    """Receives the events of a document; names come without the prefix of their namespace."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None: ...  # noqa: D102

    def end(self, name: str) -> None: ...  # noqa: D102

    def text(self, text: str) -> None: ...  # noqa: D102


def _refuse_type(*_: object) -> None:
    raise UnreadableFile("corrupt-file", "The workbook has a document type declaration.")


class XmlStream:
    """Feeds a document to a handler, piece by piece."""

    def __init__(self, handler: Handler, read: Callable[[int], bytes]) -> None:
        self._read = read
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_type
        parser.StartElementHandler = lambda name, attributes: handler.start(
            name.rpartition(":")[2], attributes
        )
        parser.EndElementHandler = lambda name: handler.end(name.rpartition(":")[2])
        parser.CharacterDataHandler = handler.text
        self._parser = parser

    def feed(self) -> bool:
        """Parse the next piece; whether there is more.

        Raises:
            UnreadableFile: `corrupt-file`.
        """
        data = self._read(_PIECE)
        try:
            self._parser.Parse(data, not data)
        except expat.ExpatError as error:
            raise UnreadableFile("corrupt-file", f"The workbook is damaged: {error}.") from None
        return bool(data)


def parse(handler: Handler, read: Callable[[int], bytes]) -> None:
    """Parse a whole document."""
    events = XmlStream(handler, read)
    while events.feed():
        pass
