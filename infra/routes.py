"""The routes of the API below its stage `v1`, and the function that serves each."""

from typing import NamedTuple

from waybill.http.access import RULES, Rule


class Route(NamedTuple):
    """A method and a path, as API Gateway writes them, and the function that serves it."""

    method: str
    path: str
    function: str

    @property
    def rule(self) -> Rule:
        """Who may use it."""
        return RULES[f"{self.method} {self.path}"]


ROUTES = (
    Route("POST", "/uploads/{dataset}", "upload"),
    Route("POST", "/uploads/{dataset}/{job_id}/complete", "upload"),
    Route("POST", "/uploads/{dataset}/file", "upload"),
    Route("POST", "/upload/csv/{dataset}", "upload"),
    Route("POST", "/samples", "upload"),
    Route("POST", "/batch/{dataset}", "batch"),
    Route("GET", "/jobs", "jobs"),
    Route("GET", "/jobs/{job_id}", "jobs"),
    Route("DELETE", "/jobs/{job_id}", "jobs"),
    Route("GET", "/jobs/{job_id}/rejects", "jobs"),
    Route("GET", "/jobs/{job_id}/pending", "jobs"),
    Route("GET", "/jobs/{job_id}/runs", "jobs"),
    Route("GET", "/jobs/{job_id}/columns", "jobs"),
    Route("POST", "/jobs/{job_id}/replay", "jobs"),
    Route("POST", "/jobs/{job_id}/revert", "jobs"),
    Route("GET", "/task/{job_id}", "jobs"),
    Route("GET", "/datasets", "datasets"),
    Route("GET", "/datasets/{name}", "datasets"),
    Route("POST", "/datasets/{name}/preview", "batch"),
    Route("POST", "/datasets/infer", "datasets"),
    Route("GET", "/datasets/{name}/rows", "lookups"),
    Route("POST", "/datasets/{name}/exports", "lookups"),
    Route("GET", "/datasets/{name}/exports/{export_id}", "lookups"),
    Route("GET", "/datasets/{name}/partitions", "lookups"),
    Route("POST", "/datasets/{name}/partitions/{partition}/restore", "lookups"),
    Route("GET", "/datasets/{name}/lookups/compare", "lookups"),
    Route("GET", "/datasets/{name}/lookups/{strategy}", "lookups"),
    Route("GET", "/users/compare", "lookups"),
    Route("GET", "/users/{strategy}", "lookups"),
    Route("GET", "/analytics/hired/by-quarter", "analytics"),
    Route("GET", "/analytics/departments/above-average", "analytics"),
    Route("GET", "/data", "documents"),
    Route("DELETE", "/data/{document_id}", "documents"),
    Route("DELETE", "/personal-data/{dataset}/{key}", "documents"),
    Route("GET", "/health", "health"),
    Route("GET", "/metrics", "metrics"),
    Route("GET", "/health/deep", "health"),
    Route("GET", "/admin/queries", "queries"),
    Route("GET", "/audit-logs", "queries"),
    Route("POST", "/admin/redrive", "admin"),
    Route("POST", "/admin/redrive/objects", "admin"),
    Route("GET", "/data-sources", "sources"),
    Route("POST", "/data-sources", "sources"),
    Route("GET", "/data-sources/{source_id}", "sources"),
    Route("PUT", "/data-sources/{source_id}", "sources"),
    Route("DELETE", "/data-sources/{source_id}", "sources"),
    Route("POST", "/data-sources/{source_id}/test", "sources"),
    Route("POST", "/jobs", "sources"),
    Route("GET", "/openapi.json", "docs"),
    Route("GET", "/docs", "docs"),
)
