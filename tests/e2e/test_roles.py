"""Each role, with each set of datasets, at each route and dataset of the deployed API.

Generated from the routes and their rules: a new route is among them without being named here.
"""

from collections.abc import Iterator
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
# A dataset that exists and has the job, one that exists, and one that does not.
_OF_JOB, _OTHER = "departments", "users"
_LIMITS: tuple[tuple[str, ...] | None, ...] = (None, (_OF_JOB,), (_OTHER,), ("nothing",))


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
            if not (self.limit is None or _OF_JOB in self.limit):
                return 404, "unknown-job"
            if rule.own_job and self.role != "admin":
                return 403, "forbidden"
        return None


def cases() -> Iterator[Case]:
    for route, role, limit in product(ROUTES, ROLES, _LIMITS):
        if route.rule.role:
            for dataset in (_OF_JOB, _OTHER) if route.rule.parameter else (_OF_JOB,):
                yield Case(route, dataset, role, limit)


@pytest.fixture(scope="module")
def job(api: str, local_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A job of `departments` that an administrator made."""
    folder: Path = tmp_path_factory.mktemp("roles")
    with Waybill(api, token=local_stack.issuer().fresh_token) as waybill:
        return str(load(waybill, folder, _OF_JOB, "930101,Roles\n")["job_id"])


def test_each_route_serves_whom_its_rule_names(api: str, local_stack: Stack, job: str) -> None:
    issuer = local_stack.issuer()
    tokens = {
        (role, limit): issuer.token(role, subject=f"a-{role}", datasets=limit)
        for role, limit in product(ROLES, _LIMITS)
    }
    served: set[Route] = set()
    with httpx.Client(base_url=api, timeout=30) as client:
        for case in cases():
            values = {"dataset": case.dataset, "name": case.dataset}
            if case.route.rule.by_job:
                values["job_id"] = job
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
