"""Generate `functions/api/docs/openapi.json` from the routes of the API functions.

`python -m infra.openapi` writes the file; a test checks that it is up to date.
"""

import inspect
import json
import re
from http import HTTPStatus
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
from functions.api.lookups import handler as lookups
from functions.api.metrics import handler as metrics
from functions.api.queries import handler as queries
from functions.api.sources import handler as sources
from functions.api.upload import handler as upload
from infra.openapi_examples import add_examples
from waybill.http.access import RULES
from waybill.http.app import Api
from waybill.http.problem_types import PROBLEM_TYPES
from waybill.http.problems import TYPE_URL

TARGET = Path(__file__).parents[1] / "functions" / "api" / "docs" / "openapi.json"
APIS: tuple[Api, ...] = (
    upload.api,
    batch.api,
    jobs.api,
    datasets.api,
    lookups.api,
    analytics.api,
    documents.api,
    health.api,
    admin.api,
    queries.api,
    sources.api,
    metrics.api,
)
# Parameters that depend on the dataset.
_COLUMNS = {
    "name": "columns",
    "in": "query",
    "required": False,
    "description": "A parameter for each column: `?column=value`.",
    "style": "form",
    "explode": True,
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}
_REFERENCE = re.compile(r"#/components/schemas/([^\"]+)")
_ABOUT = (
    "Load files into PostgreSQL, with a waybill that accounts for every record.\n\n"
    "Unknown fields and parameters are errors (422). Lists have pages: "
    "pass `next_cursor` as `cursor` until it is null. Errors are RFC 9457 problems; their type is "
    f"`{TYPE_URL}` followed by a name of this list.\n\n"
)
_TAGS = {
    "uploads": "Upload files.",
    "batches": "Write rows synchronously.",
    "jobs": "Ingestion jobs, their waybills and rejects.",
    "datasets": "The tables that can be loaded.",
    "analytics": "Figures on hires.",
    "lake": "Old partitions that are archived as Parquet files, and restored.",
    "exports": "All rows of a dataset as files: CSV, JSON Lines, Parquet or Arrow.",
    "lookups": "Rows by value, with the plan that found them.",
    "documents": "Documents without a fixed schema.",
    "sources": "Data sources that are pulled.",
    "health": "Service health.",
    "admin": "Redrive failed messages and objects; the cost of queries; metrics.",
}


def _problems() -> str:
    rows = "\n".join(
        f"| `{code}` | {problem.title} | {problem.meaning} |"
        for code, problem in sorted(PROBLEM_TYPES.items())
    )
    table = f"| type | title | meaning |\n| --- | --- | --- |\n{rows}\n"
    # Collapsed, so that the first route is visible.
    return f"<details>\n<summary>All problem types</summary>\n\n{table}\n</details>\n"


def _describe(api: Api) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(api.get_openapi_json_schema())
    for route in api.routes:
        operation = document["paths"].get(route.openapi_path, {}).get(route.method.lower())
        if operation:
            operation.update({**_summary(route), **_body(api, route)})
            # Powertools describes a body for every status.
            operation["responses"].get("204", {}).pop("content", None)
            operation.update(_access(f"{route.method} {route.openapi_path}", operation))
            if route.openapi_path in api.open_queries:
                operation.setdefault("parameters", []).append(_COLUMNS)
            add_examples(f"{route.method} {route.openapi_path}", operation)
    return document


def _summary(route: Route) -> dict[str, str]:
    summary, _, rest = inspect.cleandoc(route.func.__doc__ or "").partition("\n")
    description = {"description": rest.strip()} if rest.strip() else {}
    return {"operationId": route.func.__name__, "summary": summary.rstrip("."), **description}


def _access(route: str, operation: dict[str, Any]) -> dict[str, Any]:
    """What a route needs that is not open: a token, and its role."""
    role = RULES[route].role
    if role is None:
        return {}
    responses = operation["responses"]
    refused = {
        str(status.value): {**responses["405"], "description": status.phrase}
        for status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    }
    lines = [operation.get("description", ""), f"Needs the role `{role}`."]
    return {
        "description": "\n\n".join(line for line in lines if line),
        "security": [{"token": []}],
        "responses": dict(sorted({**responses, **refused}.items())),
    }


def _body(api: Api, route: Route) -> dict[str, Any]:
    """The body of a route that parses it itself; Powertools describes the others."""
    spec = api.bodies.get(route.openapi_path)
    if spec is None or spec.schemas is None:
        return {}
    content = {media: {"schema": schema} for media, schema in spec.schemas().items()}
    return {"requestBody": {"required": spec.required, "content": content}}


def _used(schemas: dict[str, Any], paths: dict[str, Any]) -> dict[str, Any]:
    """The referenced schemas; Powertools also adds its own error schemas."""
    used: set[str] = set()
    left = set(_REFERENCE.findall(json.dumps(paths)))
    while left:
        used |= left
        left = set(_REFERENCE.findall(json.dumps([schemas[name] for name in left]))) - used
    return {name: schemas[name] for name in sorted(used)}


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document of the whole API.

    Raises:
        ValueError: two functions have different models with the same name.
    """
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for api in APIS:
        document = _describe(api)
        # A path may have operations of several functions.
        for path, operations in document["paths"].items():
            paths.setdefault(path, {}).update(operations)
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            if schemas.setdefault(name, schema) != schema:
                raise ValueError(f"Two models are named {name}.")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Waybill",
            "version": "1",
            "description": _ABOUT + _problems(),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        # Relative to this document, so it is right under every stage and prefix.
        "servers": [{"url": "."}],
        "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            "schemas": _used(schemas, paths),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


def text() -> str:
    """The content of the file."""
    return json.dumps(openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), "utf-8")
