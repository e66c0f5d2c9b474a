"""The parts of a workbook: its sheets, shared strings and formats of numbers."""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from waybill.binary.file import RequestedFile
from waybill.binary.task import Task, UnreadableFile
from waybill.binary.xml_stream import parse

_FREE_BYTES = 10 * 1024 * 1024
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_SHOWN = 20


class Sheet(NamedTuple):
    """A sheet of a workbook: its name and its part."""

    name: str
    part: str
    is_hidden: bool


class Budget:
    """What the workbook may still unpack to, in all its parts."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._produced = 0

    def use(self, count: int) -> None:
        """Count bytes.

        Raises:
            UnreadableFile: `decompression-limit`.
        """
        self._produced += count
        task = self._task
        if self._produced > task.output_bytes:
            detail = f"The workbook unpacks to more than {task.output_bytes} bytes."
            raise UnreadableFile("decompression-limit", detail)
        if self._produced > max(_FREE_BYTES, task.ratio * task.size):
            detail = f"The workbook unpacks to more than {task.ratio} times its size."
            raise UnreadableFile("decompression-limit", detail)


class Workbook:
    """An Office Open XML workbook."""

    def __init__(self, file: RequestedFile, task: Task) -> None:
        """Open it.

        Raises:
            UnreadableFile: `unsupported-file`, it is another file in a zip archive.
        """
        self._budget = Budget(task)
        with _reading():
            self._archive = zipfile.ZipFile(file)
        # Some writers on Windows separate folders as the system does.
        self._names = {name.lower().replace("\\", "/"): name for name in self._archive.namelist()}
        self._part = self._find_workbook()
        parts = _Relations()
        self._parse(_relations_of(self._part), parts)
        book = _Book()
        self._parse(self._part, book)
        self.starts_1904 = book.starts_1904
        folder = posixpath.dirname(self._part)
        self._others = {kind: _target(folder, target) for kind, target in parts.by_kind.items()}
        self.sheets = [
            Sheet(name, _target(folder, parts.by_id[relation][1]), is_hidden)
            for name, relation, is_hidden in book.sheets
            if parts.by_id.get(relation, ("", ""))[0] == "worksheet"
        ]

    def sheet(self, name: str | None) -> Sheet:
        """The sheet of this name, or the first that is not hidden.

        Raises:
            UnreadableFile: `unsupported-file`, there is none.
        """
        chosen = [each for each in self.sheets if each.name == name]
        if name is None:
            chosen = [each for each in self.sheets if not each.is_hidden] or self.sheets
        if not chosen:
            names = ", ".join(repr(each.name) for each in self.sheets[:_SHOWN]) or "none"
            missing = "a sheet" if name is None else f"the sheet {name!r}"
            detail = f"The workbook lacks {missing}; its sheets are {names}."
            raise UnreadableFile("unsupported-file", detail)
        return chosen[0]

    def others(self, sheet: Sheet) -> list[str]:
        """The first names of the other sheets that are not hidden."""
        names = [each.name for each in self.sheets if each != sheet and not each.is_hidden]
        return names[:_SHOWN]

    def strings(self) -> list[str]:
        """The shared strings."""
        strings = _Strings()
        if part := self._others.get("sharedStrings"):
            self._parse(part, strings)
        return strings.all

    def formats(self) -> list[str]:
        """The number format of each cell style; those that are built in by their number."""
        styles = _Styles()
        if part := self._others.get("styles"):
            self._parse(part, styles)
        return [styles.codes.get(number, number) for number in styles.cells]

    @contextmanager
    def open(self, part: str) -> Iterator[Callable[[int], bytes]]:
        """A function that reads the next bytes of a part.

        Raises:
            UnreadableFile: `corrupt-file`, `unsupported-file` or `decompression-limit`.
        """
        name = self._names.get(part.lower())
        if name is None:
            raise UnreadableFile("corrupt-file", f"The workbook lacks its part {part[:80]!r}.")
        with _reading(), self._archive.open(name) as stream:

            def read(size: int) -> bytes:
                data = stream.read(size)
                self._budget.use(len(data))
                return data

            yield read

    def _find_workbook(self) -> str:
        relations = _Relations()
        if "_rels/.rels" in self._names:
            self._parse("_rels/.rels", relations)
        part = _target("", relations.by_kind.get("officeDocument", "xl/workbook.xml"))
        if part.lower().endswith("workbook.bin"):
            detail = "The file is a binary workbook (xlsb). Save it as xlsx and upload that."
            raise UnreadableFile("unsupported-file", detail)
        if part.lower() not in self._names or not part.lower().endswith("workbook.xml"):
            detail = "The file is a zip archive, but no workbook in Office Open XML (xlsx)."
            raise UnreadableFile("unsupported-file", detail)
        return part

    def _parse(self, part: str, handler: "_Events") -> None:
        with self.open(part) as read:
            parse(handler, read)


@contextmanager
def _reading() -> Iterator[None]:
    """Errors of the archive become ones of the file."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise UnreadableFile("corrupt-file", f"The workbook is damaged: {error}") from None
    except (NotImplementedError, RuntimeError) as error:
        raise UnreadableFile("unsupported-file", f"The workbook is not readable: {error}") from None


def _relations_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _target(folder: str, target: str) -> str:
    if target.startswith("/"):
        return target.lstrip("/")
    return posixpath.normpath(posixpath.join(folder, target))


class _Events:
    """Ignores all events."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Text of the innermost element."""


class _Relations(_Events):
    def __init__(self) -> None:
        self.by_id: dict[str, tuple[str, str]] = {}
        self.by_kind: dict[str, str] = {}

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            target = attributes.get("Target", "")
            self.by_id[attributes.get("Id", "")] = (kind, target)
            self.by_kind.setdefault(kind, target)


class _Book(_Events):
    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, bool]] = []
        self.starts_1904 = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "workbookPr":
            self.starts_1904 = attributes.get("date1904", "0") in ("1", "true")
        elif name == "sheet":
            relation = next((attributes[key] for key in attributes if key.endswith(":id")), "")
            is_hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append((attributes.get("name", ""), relation, is_hidden))


class _Strings(_Events):
    """Texts of strings, without phonetic hints."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._parts: list[str] = []
        self._is_text = False
        self._is_hint = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        del attributes
        if name == "t":
            self._is_text = not self._is_hint
        elif name == "rPh":
            self._is_hint = True

    def end(self, name: str) -> None:
        if name == "t":
            self._is_text = False
        elif name == "rPh":
            self._is_hint = False
        elif name == "si":
            self.all.append(unescaped("".join(self._parts)))
            self._parts.clear()

    def text(self, text: str) -> None:
        if self._is_text:
            self._parts.append(text)


class _Styles(_Events):
    def __init__(self) -> None:
        self.codes: dict[str, str] = {}
        self.cells: list[str] = []
        self._is_cells = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "numFmt":
            self.codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._is_cells = True
        elif name == "xf" and self._is_cells:
            self.cells.append(attributes.get("numFmtId", "0"))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._is_cells = False


def unescaped(text: str) -> str:
    """The text with its escapes `_x000D_` resolved."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
