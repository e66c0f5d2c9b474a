"""Each role, with each set of datasets, at each route and dataset of the deployed API.

Generated from the routes and their rules: a new route is among them without being named here.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from infra.local.stack import Stack
from infra.routes import ROUTES, Route
from tests.e2e.client_calls import load
from tests.e2e.test_access import assert_problem, bearer, send
from waybill.http.principal import ROLES, Role
from waybill_client import Waybill

pytestmark = pytest.mark.e2e
# Datasets with a job each; a route with a dataset is asked for each of them.
_DATASETS = ("departments", "jobs")
# The datasets of a token: all, one of them, one that other routes read, one that does not exist.
_LIMITS: tuple[tuple[str, ...] | None, ...] = (
    None,
    *((dataset,) for dataset in _DATASETS),
    ("users",),
    ("nothing",),
)


class Case(NamedTuple):
    """A request: to a route, for a dataset, with a role and the datasets of its token."""

    route: Route
    dataset: str
    role: Role
    limit: tuple[str, ...] | None

    @property
    def sees_dataset(self) -> bool:
        return self.limit is None or self.dataset in self.limit

    def expected(self) -> tuple[int, str] | None:
        """The problem of the response; None where the route serves the request."""
        rule = self.route.rule
        assert rule.role
        if ROLES.index(self.role) < ROLES.index(rule.role):
            return 403, "forbidden"
        if rule.parameter and not self.sees_dataset:
            return 404, "unknown-dataset"
        if self.limit is not None and (rule.every_dataset or {*rule.datasets} - {*self.limit}):
            return 403, "forbidden"
        if rule.by_job:
            if not self.sees_dataset:
                return 404, "unknown-job"
            if rule.own_job and self.role != "admin":
                return 403, "forbidden"
        return None


def cases() -> Iterator[Case]:
    for route, role, limit in product(ROUTES, ROLES, _LIMITS):
        if route.rule.role:
            has_dataset = route.rule.parameter or route.rule.by_job
            for dataset in _DATASETS if has_dataset else _DATASETS[:1]:
                yield Case(route, dataset, role, limit)


@pytest.fixture(scope="module")
def jobs(
    api: str, local_stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """A job of each dataset, which an administrator made."""
    folder: Path = tmp_path_factory.mktemp("roles")
    with Waybill(api, token=local_stack.issuer().fresh_token) as waybill:
        return {
            dataset: str(load(waybill, folder, dataset, "930101,Roles\n")["job_id"])
            for dataset in _DATASETS
        }


def test_each_route_serves_whom_its_rule_names(
    api: str, local_stack: Stack, jobs: Mapping[str, str]
) -> None:
    issuer = local_stack.issuer()
    tokens = {
        (role, limit): issuer.token(role, subject=f"a-{role}", datasets=limit)
        for role, limit in product(ROLES, _LIMITS)
    }
    served: set[Route] = set()
    with httpx.Client(base_url=api, timeout=90) as client:
        for case in cases():
            values = {"dataset": case.dataset, "name": case.dataset}
            if case.route.rule.by_job:
                values["job_id"] = jobs[case.dataset]
            headers = bearer(tokens[case.role, case.limit])
            response = send(client, case.route, headers, **values)
            expected = case.expected()
            if expected:
                assert_problem(response, *expected)
            else:
                served.add(case.route)
                assert response.status_code not in (401, 403, 500, 502), (case, response.text)
    # Each route has somebody who may use it.
    assert served == {route for route in ROUTES if route.rule.role}


def test_lists_have_what_the_datasets_of_the_token_allow(
    api: str, local_stack: Stack, jobs: Mapping[str, str]
) -> None:
    issuer = local_stack.issuer()
    with httpx.Client(base_url=api, timeout=90) as client:
        for role, limit, filtered in product(ROLES, _LIMITS, (None, *_DATASETS)):
            headers = bearer(issuer.token(role, datasets=limit))
            seen = set(_DATASETS if limit is None else limit)
            items = client.get("/datasets", headers=headers).json()["items"]
            names = {item["name"] for item in items}
            assert names & {*_DATASETS} == seen & {*_DATASETS}, limit
            params = {"limit": "200", **({"dataset": filtered} if filtered else {})}
            found = client.get("/jobs", headers=headers, params=params).json()["items"]
            listed = {item["job_id"]: item["dataset"] for item in found}
            assert limit is None or {*listed.values()} <= seen, limit
            allowed = seen & ({filtered} if filtered else {*_DATASETS})
            for dataset, job in jobs.items():
                assert (job in listed) == (dataset in allowed), (limit, filtered, dataset)
