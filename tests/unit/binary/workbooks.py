"""Workbooks of a few parts, as text."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
_CONTENT_TYPES = "[Content_Types].xml"
# By index of cell style: general, a date, a time of a date, a time, elapsed hours, money.
FORMATS = ("0", "14", "164", "21", "46", "165")
_CODES = {"164": "yyyy\\-mm\\-dd\\ hh:mm:ss", "165": '"USD "#,##0.00'}


class Raw(str):
    """The XML of a cell's element but for its reference."""

    __slots__ = ()


def number(text: str, style: int = 0) -> Raw:
    """A number of a style."""
    return Raw(f'<c r="{{}}" s="{style}"><v>{text}</v></c>')


def sheet_xml(rows: Mapping[int, Mapping[str, object]]) -> str:
    """A sheet with the cells of each row, by column letter."""
    lines = []
    for row, cells in rows.items():
        parts = [_cell(f"{letter}{row}", value) for letter, value in cells.items()]
        lines.append(f'<row r="{row}">{"".join(parts)}</row>')
    return f"<worksheet {_MAIN}><sheetData>{''.join(lines)}</sheetData></worksheet>"


def _cell(reference: str, value: object) -> str:
    if isinstance(value, Raw):
        return value.replace("{}", reference)
    if isinstance(value, bool):
        return f'<c r="{reference}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{reference}"><v>{value!r}</v></c>'
    text = escape(str(value))
    return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def workbook(
    sheets: Mapping[str, str], strings: Sequence[str] = (), *, starts_1904: bool = False
) -> bytes:
    """A workbook of sheets by name, each as XML, and of shared strings as XML."""
    names = list(sheets)
    entries = "".join(
        f'<sheet name="{escape(name)}" sheetId="{at}" r:id="r{at}"/>'
        for at, name in enumerate(names, 1)
    )
    relations = "".join(
        f'<Relationship Id="r{at}" Type="{_OFFICE}/worksheet" Target="worksheets/s{at}.xml"/>'
        for at in range(1, len(names) + 1)
    )
    parts = {
        _CONTENT_TYPES: "<Types/>",
        "_rels/.rels": f'<Relationships {_RELATIONS}><Relationship Id="r1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}">'
        f'<workbookPr date1904="{int(starts_1904)}"/><sheets>{entries}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships {_RELATIONS}>{relations}"
        f'<Relationship Id="s" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="t" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/sharedStrings.xml": f"<sst {_MAIN}>{''.join(map(_string, strings))}</sst>",
        "xl/styles.xml": _styles(),
        **{f"xl/worksheets/s{at}.xml": sheets[name] for at, name in enumerate(names, 1)},
    }
    return zipped(parts)


def zipped(parts: Mapping[str, str]) -> bytes:
    """A zip archive of these parts."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return sink.getvalue()


def with_another_part_first(data: bytes, content_types: str = _CONTENT_TYPES) -> bytes:
    """The workbook with its parts in another order, and the part of their types by this name."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(sink, "w") as new:
        new.writestr("zz/first.bin", b"\0" * 10)
        for name in reversed(old.namelist()):
            new.writestr(content_types if name == _CONTENT_TYPES else name, old.read(name))
    return sink.getvalue()


def _string(xml: str) -> str:
    return f"<si>{xml}</si>"


def _styles() -> str:
    codes = "".join(
        f'<numFmt numFmtId="{number}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>'
        for number, code in _CODES.items()
    )
    cells = "".join(f'<xf numFmtId="{number}"/>' for number in FORMATS)
    return (
        f"<styleSheet {_MAIN}><numFmts>{codes}</numFmts>"
        f'<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>{cells}</cellXfs></styleSheet>'
    )
