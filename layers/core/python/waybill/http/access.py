"""Who may use which route, and see personal data: the only place where this is decided.

A route without a rule is refused, and a test fails.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from waybill.errors import Forbidden, NotFound
from waybill.http.principal import Principal, Role


class Rule(NamedTuple):
    """What a route requires of the caller."""

    role: Role | None
    """The least role; None for a route that is open to everybody."""
    parameter: str | None = None
    """The path parameter that names the dataset."""
    datasets: tuple[str, ...] = ()
    """Datasets that the route reads whatever its path says."""
    every_dataset: bool = False
    """Whether the caller must be allowed to see every dataset."""
    by_job: bool = False
    """Whether the route itself checks the dataset of the job in its path."""
    own_job: bool = False
    """Whether the route itself checks who made the job in its path, by `check_creator`."""
    listed: bool = False
    """Whether the route leaves out what the caller may not see."""


_OPEN = Rule(None)
_JOB = Rule("reader", by_job=True)
# A loader may change only the jobs that it made.
_OWN_JOB = Rule("loader", by_job=True, own_job=True)
_UPLOAD = Rule("loader", parameter="dataset")
_DATASET = Rule("reader", parameter="name")
_USERS = Rule("reader", datasets=("users",))
_HIRES = Rule("reader", datasets=("departments", "hired_employees", "jobs"))
_ADMIN = Rule("admin", every_dataset=True)

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "POST /uploads/{dataset}": _UPLOAD,
        "POST /uploads/{dataset}/{job_id}/complete": _UPLOAD._replace(own_job=True),
        "POST /uploads/{dataset}/file": _UPLOAD,
        "POST /upload/csv/{dataset}": _UPLOAD,
        # Nobody else reads the file.
        "POST /samples": Rule("loader", listed=True),
        "POST /batch/{dataset}": _UPLOAD,
        "GET /jobs": Rule("reader", listed=True),
        "GET /jobs/{job_id}": _JOB,
        "DELETE /jobs/{job_id}": _OWN_JOB,
        "GET /jobs/{job_id}/rejects": _JOB,
        "GET /jobs/{job_id}/pending": _JOB,
        "GET /jobs/{job_id}/runs": _JOB,
        "GET /jobs/{job_id}/columns": _JOB,
        "POST /jobs/{job_id}/replay": _OWN_JOB,
        "POST /jobs/{job_id}/revert": _OWN_JOB,
        "GET /task/{job_id}": _JOB,
        "GET /datasets": Rule("reader", listed=True),
        "GET /datasets/{name}": _DATASET,
        "POST /datasets/{name}/preview": Rule("loader", parameter="name"),
        # It reads the caller's file alone.
        "POST /datasets/infer": Rule("loader", listed=True),
        "GET /datasets/{name}/rows": _DATASET,
        "POST /datasets/{name}/exports": _DATASET,
        # The route itself leaves out the exports of others.
        "GET /datasets/{name}/exports/{export_id}": _DATASET,
        "GET /datasets/{name}/partitions": _DATASET,
        "POST /datasets/{name}/partitions/{partition}/restore": Rule("admin", parameter="name"),
        "GET /datasets/{name}/lookups/compare": _DATASET,
        "GET /datasets/{name}/lookups/{strategy}": _DATASET,
        "GET /users/compare": _USERS,
        "GET /users/{strategy}": _USERS,
        "GET /analytics/hired/by-quarter": _HIRES,
        "GET /analytics/departments/above-average": _HIRES,
        "GET /data": Rule("reader", datasets=("ingested_data",)),
        "DELETE /personal-data/{dataset}/{key}": Rule("admin", parameter="dataset"),
        "DELETE /data/{document_id}": Rule("admin", datasets=("ingested_data",)),
        "GET /health": _OPEN,
        "GET /metrics": Rule("reader", every_dataset=True),
        # It shows whether jobs are stuck, not which.
        "GET /health/deep": Rule("reader", listed=True),
        "GET /admin/queries": _ADMIN,
        "GET /audit-logs": _ADMIN,
        "POST /admin/redrive": _ADMIN,
        "POST /admin/redrive/objects": _ADMIN,
        "GET /data-sources": _ADMIN,
        "POST /data-sources": _ADMIN,
        "GET /data-sources/{source_id}": _ADMIN,
        "PUT /data-sources/{source_id}": _ADMIN,
        "DELETE /data-sources/{source_id}": _ADMIN,
        "POST /data-sources/{source_id}/test": _ADMIN,
        "POST /jobs": Rule("admin", listed=True),
        "GET /openapi.json": _OPEN,
        "GET /docs": _OPEN,
    }
)


def may_read_personal(principal: Principal, dataset: str) -> bool:
    """Whether the caller sees the dataset's personal values; everybody else gets a mask.

    Administrators do, and tokens that grant it: `personal:<dataset>` among their roles.
    """
    granted = principal.personal is None or dataset in principal.personal
    return principal.sees(dataset) and (granted or principal.has("admin"))


def authorize(
    rule: Rule | None, path_parameters: Mapping[str, str], event: Mapping[str, Any]
) -> Principal | None:
    """Check a request against the rule of its route; None if the route is open.

    Raises:
        Unauthorized: the event has no valid identity.
        Forbidden: the role or the datasets do not suffice, or the route has no rule.
        NotFound: `unknown-dataset`, one in the path that the caller may not see.
    """
    if rule is None:
        raise Forbidden("forbidden", "The route is closed.")
    if rule.role is None:
        return None
    principal = Principal.from_event(event)
    if not principal.has(rule.role):
        raise Forbidden(
            "forbidden", f"This needs the role {rule.role}; the token has {principal.role}."
        )
    if rule.parameter:
        dataset = path_parameters[rule.parameter]
        if not principal.sees(dataset):
            # The same response as for a dataset that does not exist.
            raise NotFound("unknown-dataset", f"There is no dataset {dataset!r}.")
    is_limited = principal.datasets is not None
    if (rule.every_dataset and is_limited) or not all(map(principal.sees, rule.datasets)):
        raise Forbidden("forbidden", "The datasets of the token do not allow this.")
    return principal


def check_creator(creator: str | None, principal: Principal) -> None:
    """Check that the caller may change a job that `creator` made; None if that is not known.

    Raises:
        Forbidden: somebody else made it, and the caller is no administrator.
    """
    if creator != principal.subject and not principal.has("admin"):
        raise Forbidden("forbidden", "Only its creator or an administrator may change a job.")
