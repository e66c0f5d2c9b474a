"""How a client says that its file is written, where the file and the contract do not."""

from typing import Annotated, Literal

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "latin-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "iso-8859-1": "iso-8859-1",
    "windows-1252": "windows-1252",
    "cp1252": "windows-1252",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16-le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "utf-16-be": "utf-16-be",
}


def _read_encoding(value: str) -> str:
    encoding = _ENCODINGS.get(value.strip().lower())
    if encoding is None:
        names = ", ".join(sorted(set(_ENCODINGS.values())))
        raise PydanticCustomError("unknown_encoding", f"Use one of {names}.")
    return encoding


Encoding = Annotated[
    str,
    AfterValidator(_read_encoding),
    WithJsonSchema({"type": "string", "enum": sorted(_ENCODINGS)}),
]
Delimiter = Literal[",", ";", "\t", "|"]
