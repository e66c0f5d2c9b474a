"""Infers a dataset from a whole file, without an API."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from waybill.errors import WaybillError
from waybill.inference.file_sample import FileSample
from waybill.inference.infer import infer_dataset
from waybill.inference.model import Header
from waybill_client.errors import ClientError

_PIECE_BYTES = 4 * 1024**2


def infer_file(file: Path, name: str, header: str | None) -> dict[str, Any]:
    """The proposal as the API responds with it; the file is read three times.

    Raises:
        ClientError: no contract could read the file, or `header` is neither present nor absent.
    """
    try:
        checked = TypeAdapter[Header | None](Header | None).validate_python(header)
        sample = FileSample(lambda: _pieces(file), whole=True)
        return infer_dataset(sample, name, header=checked).model_dump()
    except ValidationError as error:
        raise ClientError("--header is present or absent.") from error
    except WaybillError as error:
        raise ClientError(str(error)) from error


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE_BYTES):
            yield piece
