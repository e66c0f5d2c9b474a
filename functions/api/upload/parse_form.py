"""Parse multipart/form-data (RFC 7578) with one file."""

from typing import Any, NamedTuple

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from python_multipart import FormParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, parse_options_header

from functions.api.upload.models import FileOptions
from waybill.errors import BadRequest, FieldError, Rejected, TooLarge
from waybill.http.bodies import body_bytes

FORM = "multipart/form-data"
_MAX_PARTS = 20
_MAX_FIELD_BYTES = 1000
# The body is in memory already, so a file is never spooled to disk.
_CONFIG = {"MAX_MEMORY_FILE_SIZE": float("inf")}


class Form(NamedTuple):
    """The file of the field `file`, byte for byte, and the other fields."""

    filename: str
    content: bytes
    fields: dict[str, str]


class _Part(NamedTuple):
    name: str
    filename: str | None
    content: bytes


def parse_form(event: APIGatewayProxyEvent) -> Form:
    """The form in the request's body.

    Raises:
        BadRequest: `malformed-body`, it is not a complete multipart/form-data body.
        Rejected: `invalid-request`, the file is missing, a field is repeated, or a field other
            than `file` is a file.
        TooLarge: `body-too-large`, it has too many fields.
    """
    parts = _parse(event)
    errors = _field_errors(parts)
    if errors:
        raise Rejected("invalid-request", errors[0].message, errors)
    by_name = {part.name: part for part in parts}
    file = by_name.pop("file")
    fields = {name: _text(part) for name, part in by_name.items()}
    return Form(file.filename or "", file.content, fields)


def form_schema() -> dict[str, Any]:
    """JSON Schema of the form."""
    schema = FileOptions.model_json_schema()
    file = {"type": "string", "format": "binary", "description": "The file, up to 4 MiB."}
    options = {name: _without_null(option) for name, option in schema["properties"].items()}
    return {**schema, "properties": {"file": file, **options}, "required": ["file"]}


def _without_null(option: dict[str, Any]) -> dict[str, Any]:
    """The schema of a field that a form leaves out instead of sending null."""
    described = {name: value for name, value in option.items() if name not in ("anyOf", "default")}
    kinds = [kind for kind in option.get("anyOf", []) if kind.get("type") != "null"]
    return {**kinds[0], **described} if kinds else option


def _parse(event: APIGatewayProxyEvent) -> list[_Part]:
    boundary = parse_options_header(event.headers.get("content-type"))[1].get(b"boundary")
    if not boundary:
        raise _malformed("The Content-Type has no boundary.")
    parts: list[_Part] = []
    ends: list[bool] = []

    def add(part: Field | File) -> None:
        if len(parts) == _MAX_PARTS:
            raise TooLarge("body-too-large", f"A form has at most {_MAX_PARTS} fields.")
        parts.append(_part(part))

    try:
        parser = FormParser(FORM, add, add, lambda: ends.append(True), boundary, config=_CONFIG)
        parser.write(body_bytes(event))
        parser.finalize()
    except FormParserError as error:
        raise _malformed(f"The form cannot be parsed: {error}.") from error
    if not ends:
        raise _malformed("The form ends before its closing boundary.")
    return parts


def _part(part: Field | File) -> _Part:
    name = (part.field_name or b"").decode("latin-1")
    if isinstance(part, Field):
        return _Part(name, None, part.value or b"")
    part.file_object.seek(0)
    # Browsers send the file name as UTF-8.
    return _Part(name, (part.file_name or b"").decode(errors="replace"), part.file_object.read())


def _field_errors(parts: list[_Part]) -> list[FieldError]:
    names = [part.name for part in parts]
    errors = [
        _error(name, "duplicate-field", f"{name!r} is repeated.")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if "file" not in names:
        errors.append(_error("file", "missing-field", "The form has no field `file`."))
    for part in parts:
        if part.name == "file" and not part.filename:
            message = "The field `file` has no filename, so it is not a file."
            errors.append(_error("file", "no-file", message))
        elif part.name != "file" and (part.filename or len(part.content) > _MAX_FIELD_BYTES):
            message = f"{part.name!r} is a file or too long; send the file as `file`."
            errors.append(_error(part.name, "unknown-field", message))
    return errors


def _error(name: str, code: str, message: str) -> FieldError:
    return FieldError(pointer=f"/{name}", code=code, message=message)


def _text(part: _Part) -> str:
    try:
        return part.content.decode()
    except UnicodeDecodeError:
        raise _malformed(f"The field {part.name!r} is not UTF-8.") from None


def _malformed(detail: str) -> BadRequest:
    return BadRequest("malformed-body", detail)
