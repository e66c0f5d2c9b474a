"""Make `functions/api/docs/openapi.json` from the routes of every door.

`python -m infra.openapi` writes it; a test holds the file equal to what this makes.
"""

import inspect
import json
import re
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Route

from functions.api.admin import handler as admin
from functions.api.analytics import handler as analytics
from functions.api.batch import handler as batch
from functions.api.datasets import handler as datasets
from functions.api.documents import handler as documents
from functions.api.health import handler as health
from functions.api.jobs import handler as jobs
from functions.api.upload import handler as upload
from waybill.http.app import Api
from waybill.http.problems import ADDRESS, PROBLEM_TYPES

TARGET = Path(__file__).parents[1] / "functions" / "api" / "docs" / "openapi.json"
APIS: tuple[Api, ...] = (
    upload.api,
    batch.api,
    jobs.api,
    datasets.api,
    analytics.api,
    documents.api,
    health.api,
    admin.api,
)
_REFERENCE = re.compile(r"#/components/schemas/([^\"]+)")
_ABOUT = (
    "Files into PostgreSQL, exactly, with a waybill for every line.\n\n"
    "Requests with unknown fields or parameters are refused (422). Lists are read page by page: "
    "give `next_cursor` back as `cursor` until it is null. Problems are RFC 9457; their types "
    f"are `{ADDRESS}` followed by what is in this list.\n\n"
)
_TAGS = {
    "uploads": "A file comes in.",
    "batches": "Rows come in, and are written while the caller waits.",
    "jobs": "What became of a file, and what was refused.",
    "datasets": "What can come in.",
    "analytics": "Figures of the hires.",
    "documents": "Records of any shape.",
    "health": "Whether all is well.",
    "admin": "What failed, once more.",
}


def _problems() -> str:
    rows = "\n".join(
        f"| `{code}` | {kind.title} | {kind.meaning} |"
        for code, kind in sorted(PROBLEM_TYPES.items())
    )
    table = f"| type | title | meaning |\n| --- | --- | --- |\n{rows}\n"
    # Folded, or a reader would have to pass all of them on the way to the first route.
    return f"<details>\n<summary>All types of problems</summary>\n\n{table}\n</details>\n"


def _described(api: Api) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(api.get_openapi_json_schema())
    for route in api.routes:
        operation = described["paths"].get(route.openapi_path, {}).get(route.method.lower())
        if operation:
            operation.update({**_named(route), **_body(api, route)})
    return described


def _named(route: Route) -> dict[str, str]:
    summary, _, rest = inspect.cleandoc(route.func.__doc__ or "").partition("\n")
    about = {"description": rest.strip()} if rest.strip() else {}
    return {"operationId": route.func.__name__, "summary": summary.rstrip("."), **about}


def _body(api: Api, route: Route) -> dict[str, Any]:
    """The body of a route that reads its own; of the others powertools knows it."""
    takes = api.takes.get(route.openapi_path)
    if takes is None or takes.schemas is None:
        return {}
    content = {kind: {"schema": schema} for kind, schema in takes.schemas().items()}
    return {"requestBody": {"required": True, "content": content}}


def _used(schemas: dict[str, Any], paths: dict[str, Any]) -> dict[str, Any]:
    """The schemas that something refers to; powertools adds its own forms of errors."""
    used: set[str] = set()
    left = set(_REFERENCE.findall(json.dumps(paths)))
    while left:
        used |= left
        left = set(_REFERENCE.findall(json.dumps([schemas[name] for name in left]))) - used
    return {name: schemas[name] for name in sorted(used)}


def openapi() -> dict[str, Any]:
    """The description of the whole API, OpenAPI 3.1.

    Raises:
        ValueError: two functions give different models the same name.
    """
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for api in APIS:
        described = _described(api)
        paths.update(described["paths"])
        for name, schema in described.get("components", {}).get("schemas", {}).items():
            if schemas.setdefault(name, schema) != schema:
                raise ValueError(f"Two models are called {name}.")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Waybill",
            "version": "1",
            "description": _ABOUT + _problems(),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        # Relative to this description itself: right under every stage and prefix.
        "servers": [{"url": "."}],
        "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {"schemas": _used(schemas, paths)},
    }


def text() -> str:
    """The description as it stands in the file."""
    return json.dumps(openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), "utf-8")
