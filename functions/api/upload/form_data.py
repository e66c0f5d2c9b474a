"""Takes multipart/form-data apart (RFC 7578): the fields of a form, and the one file in it."""

from typing import TYPE_CHECKING, Any, NamedTuple

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from functions.api.upload.request import Described
from waybill.errors import BadRequest, FieldError, Rejected, TooLarge
from waybill.http.bodies import body_bytes

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

# A form has one file and a handful of fields; what has more is no form of ours.
_MOST_PARTS = 20
_FIELD_BYTES = 1000


class Form(NamedTuple):
    """The file of the field `file`, byte for byte, and the other fields."""

    filename: str
    content: bytes
    fields: dict[str, str]


def read_form(event: APIGatewayProxyEvent) -> Form:
    """The form in the request's body.

    Raises:
        BadRequest: `malformed-body`, it is not a whole multipart/form-data.
        Rejected: `invalid-request`, there is no file in it, a field comes twice, or a field
            other than `file` is a file.
    """
    parts = _parts(event)
    field_errors = _flaws(parts)
    if field_errors:
        raise Rejected("invalid-request", field_errors[0].message, field_errors)
    sent = {part.name: part for part in parts}
    file = sent.pop("file")
    fields = {name: _text(part) for name, part in sent.items()}
    return Form(file.filename or "", bytes(file.content), fields)


def form_schema() -> dict[str, Any]:
    """JSON Schema of the form."""
    schema = Described.model_json_schema()
    file = {"type": "string", "format": "binary", "description": "The file, up to 4 MiB."}
    return {**schema, "properties": {"file": file, **schema["properties"]}, "required": ["file"]}


class _Part:
    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.content = bytearray()

    @property
    def _named(self) -> dict[bytes, bytes]:
        return parse_options_header(self.headers.get("content-disposition", ""))[1]

    @property
    def name(self) -> str:
        return self._named.get(b"name", b"").decode("latin-1")

    @property
    def filename(self) -> str | None:
        """The name of the file; browsers send it as UTF-8."""
        found = self._named.get(b"filename")
        return None if found is None else found.decode(errors="replace")


class _Collector:
    """Parts as the parser finds them, their headers and contents piece by piece."""

    def __init__(self) -> None:
        self.parts: list[_Part] = []
        self.ended = False
        self._field = b""
        self._value = b""

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._on_field,
            "on_header_value": self._on_value,
            "on_header_end": self._on_header,
            "on_part_data": self._on_data,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) == _MOST_PARTS:
            raise TooLarge("body-too-large", f"A form has at most {_MOST_PARTS} fields.")
        self.parts.append(_Part())

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        # Not as ASCII: a file's name comes as the bytes of UTF-8.
        name = self._field.decode("latin-1").lower()
        self.parts[-1].headers[name] = self._value.decode("latin-1")
        self._field = self._value = b""

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].content += data[start:end]

    def _end(self) -> None:
        self.ended = True


def _parts(event: APIGatewayProxyEvent) -> list[_Part]:
    options = parse_options_header(event.headers.get("content-type") or "")[1]
    boundary = options.get(b"boundary")
    if not boundary:
        raise _malformed("The Content-Type names no boundary.")
    collector = _Collector()
    try:
        parser = MultipartParser(boundary, collector.callbacks())
        parser.write(body_bytes(event))
        parser.finalize()
    except FormParserError as error:
        raise _malformed(f"The form cannot be read: {error}.") from error
    if not collector.ended:
        raise _malformed("The form ends before its closing boundary.")
    return collector.parts


def _flaws(parts: list[_Part]) -> list[FieldError]:
    names = [part.name for part in parts]
    field_errors = [
        FieldError(pointer=f"/{name}", code="duplicate-field", message=f"{name!r} comes twice.")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if "file" not in names:
        message = "The form has no field `file`."
        field_errors.append(FieldError(pointer="/file", code="missing-field", message=message))
    for part in parts:
        if part.name == "file" and not part.filename:
            message = "The field `file` is no file: it has no filename."
            field_errors.append(FieldError(pointer="/file", code="no-file", message=message))
        elif part.name != "file" and (part.filename or len(part.content) > _FIELD_BYTES):
            message = f"{part.name!r} is a file or too long; the file is sent as `file`."
            field_errors.append(
                FieldError(pointer=f"/{part.name}", code="unknown-field", message=message)
            )
    return field_errors


def _text(part: _Part) -> str:
    try:
        return part.content.decode()
    except UnicodeDecodeError:
        raise _malformed(f"The field {part.name!r} is not UTF-8.") from None


def _malformed(detail: str) -> BadRequest:
    return BadRequest("malformed-body", detail)
