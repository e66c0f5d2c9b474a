"""Examples of the API's requests, which work with the sample files.

Values of required parameters by name, and bodies by route. The ids of jobs, documents, exports and
sources are made by the service, so they have none.
"""

from typing import Any

_REQUIRED = {
    "dataset": "departments",
    "key": "901",
    "name": "departments",
    "partition": "2019",
    "year": 2021,
}
# Of one path, also those that are not required.
_PARAMETERS: dict[str, dict[str, object]] = {
    "/users/{strategy}": {"strategy": "indexed", "columns": {"email": "ada@example.com"}},
    "/users/compare": {"columns": {"email": "ada@example.com"}},
    "/datasets/{name}/lookups/{strategy}": {
        "name": "users",
        "strategy": "indexed",
        "columns": {"email": "ada@example.com"},
    },
    "/datasets/{name}/lookups/compare": {"name": "users", "columns": {"email": "ada@example.com"}},
    "/datasets/{name}/rows": {"name": "users", "columns": {"email": "ada@example.com"}},
}
_ROWS = {"rows": [{"id": 901, "department": "Quality"}, {"id": 902, "department": "Archive"}]}
_CSV = "id,department\n903,Harbour\nx,Nobody\n"
_SOURCE = {
    "name": "departments_exports",
    "kind": "s3",
    "connection": {"bucket": "waybill-local-source", "prefix": "departments/"},
    "dataset": "departments",
}
_BODIES: dict[str, dict[str, object]] = {
    "POST /data-sources": {"application/json": _SOURCE},
    "PUT /data-sources/{source_id}": {"application/json": _SOURCE},
    "POST /jobs": {
        "application/json": {
            "dataset": "departments",
            "s3_uri": "s3://waybill-local-source/departments/departments.csv",
        }
    },
    "POST /admin/redrive": {"application/json": {"queue": "chunks"}},
    "POST /admin/redrive/objects": {"application/json": {"prefix": "landing/departments/"}},
    "POST /batch/{dataset}": {"application/json": _ROWS},
    "POST /uploads/{dataset}": {
        "application/json": {"filename": "departments.csv", "size_bytes": len(_CSV)}
    },
    "POST /samples": {"application/json": {"size_bytes": len(_CSV)}},
    "POST /datasets/{name}/preview": {
        "application/json": _ROWS,
        "text/csv": _CSV,
        "application/x-ndjson": '{"id": 904, "department": "Customs"}\n',
        "application/octet-stream": _CSV,
    },
    "POST /datasets/{name}/exports": {"application/json": {"format": "parquet"}},
    "POST /datasets/{name}/partitions/{partition}/restore": {"application/json": {}},
    "POST /datasets/infer": {
        "text/csv": _CSV,
        "application/x-ndjson": '{"id": 904, "department": "Customs"}\n',
        "application/json": [{"id": 904, "department": "Customs"}],
        "application/octet-stream": _CSV,
    },
    "POST /jobs/{job_id}/replay": {
        "application/json": {
            "rows": [{"_reject_id": "0192f7a0-0000-7000-8000-000000000001", "department": "Mended"}]
        },
        "text/csv": ("_reject_id,id,department\n0192f7a0-0000-7000-8000-000000000001,905,Mended\n"),
    },
    "POST /uploads/{dataset}/{job_id}/complete": {
        "application/json": {"parts": [{"number": 1, "etag": '"9b2cf535f27731c974343645a3985328"'}]}
    },
}


def add_examples(route: str, operation: dict[str, Any]) -> None:
    """Add the examples of a route (`GET /path`) to its operation."""
    path = route.partition(" ")[2]
    own = _PARAMETERS.get(path, {})
    for index, parameter in enumerate(operation.get("parameters", ())):
        name = parameter["name"]
        values = {**_REQUIRED, **own} if parameter.get("required") else own
        if name in values:
            operation["parameters"][index] = {**parameter, "example": values[name]}
    content = operation.get("requestBody", {}).get("content", {})
    for media, example in _BODIES.get(route, {}).items():
        content[media]["example"] = example
