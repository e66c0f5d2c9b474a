"""Checks the connection of a source: its first records, without a run."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.pipeline.extract.copy_objects import first_objects
from functions.pipeline.extract.deps import Deps
from functions.pipeline.extract.read_source import read_source
from functions.pipeline.extract.source_error import SourceError
from waybill.errors import WaybillError
from waybill.ids import new_id
from waybill.sources.extraction import Extraction

_RECORDS = 5
_TEXT = 500


def show_records(deps: Deps, source: Mapping[str, Any]) -> dict[str, Any]:
    """The first records of the source as `records`, or the `problem` that it has.

    Of a source of objects, the first objects with key and size.
    """
    now = datetime.now(UTC)
    extraction = Extraction(
        job_id=new_id(),
        dataset=source["dataset"],
        kind=source["kind"],
        connection=source["connection"],
        name=source["name"],
        created_at=now,
        expires_at=now + timedelta(hours=1),
        bucket=deps.settings.landing_bucket,
        key="",
        cursor_from=source.get("cursor"),
    )
    try:
        if extraction.kind == "s3":
            return {"records": first_objects(deps, extraction, _RECORDS)}
        for page in read_source(deps, extraction):
            if page.records or page.position is None:
                return {"records": [_shown(one) for one in page.records[:_RECORDS]]}
    except SourceError as error:
        return {"problem": error.problem}
    except WaybillError as error:
        return {"problem": error.problem()}
    return {"records": []}


def _shown(record: str) -> Any:  # noqa: ANN401 - a JSON object
    """The record, with long texts cut: it is for a person to look at."""
    fields = json.loads(record)
    return {
        name: value[:_TEXT] if isinstance(value, str) else value for name, value in fields.items()
    }
