"""Infers a dataset from a whole file, without an API."""

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from waybill.binary.source import FileSource
from waybill.errors import WaybillError
from waybill.inference.file_sample import FileSample
from waybill.inference.infer import infer_dataset
from waybill.inference.model import Header
from waybill_client.errors import ClientError


def infer_file(file: Path, name: str, header: str | None) -> dict[str, Any]:
    """The proposal as the API responds with it; the file is read three times.

    Raises:
        ClientError: no contract could read the file, or `header` is neither present nor absent.
    """
    try:
        checked = TypeAdapter[Header | None](Header | None).validate_python(header)
        with file.open("rb") as opened:
            source = FileSource(opened.fileno())
            sample = FileSample(source.pieces, whole=True, source=source)
            return infer_dataset(sample, name, header=checked).model_dump()
    except ValidationError as error:
        raise ClientError("--header is present or absent.") from error
    except WaybillError as error:
        raise ClientError(str(error)) from error
