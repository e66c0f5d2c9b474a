import time
from typing import Any

import pytest

from infra.functions import FUNCTIONS
from infra.routes import ROUTES
from tests.unit.http.api_client import authorizer_context
from waybill.errors import Forbidden, NotFound, Unauthorized
from waybill.http.access import RULES, Rule, authorize, may_read_personal
from waybill.http.principal import ROLES, Principal, Role
from waybill.settings import ApiSettings

# Later than the end of any run of the tests.
LATER = int(time.time()) + 24 * 3600
OPEN = {"GET /health", "GET /docs", "GET /openapi.json"}


def event(caller: Principal | None) -> dict[str, Any]:
    return {"requestContext": {"authorizer": authorizer_context(caller)}}


def caller(role: Role, *datasets: str, expires_at: int = LATER) -> Principal:
    return Principal("person", role, frozenset(datasets) if datasets else None, expires_at)


def test_every_route_has_a_rule_and_every_rule_a_route() -> None:
    assert RULES.keys() == {f"{route.method} {route.path}" for route in ROUTES}


def test_every_function_of_the_api_takes_the_settings_that_all_share() -> None:
    functions = {route.function for route in ROUTES}
    assert [
        name for name in functions if not issubclass(FUNCTIONS[name].settings, ApiSettings)
    ] == []


def test_only_health_and_documentation_are_open() -> None:
    assert {name for name, rule in RULES.items() if rule.role is None} == OPEN


def test_readers_change_nothing() -> None:
    for name, rule in RULES.items():
        if rule.role == "reader":
            # An export only reads the dataset.
            assert name.startswith("GET ") or name == "POST /datasets/{name}/exports", name


def test_every_rule_says_how_datasets_are_limited() -> None:
    for name, rule in RULES.items():
        if rule.role is not None:
            limits = (rule.parameter, rule.datasets, rule.every_dataset, rule.by_job, rule.listed)
            assert len([limit for limit in limits if limit]) == 1, name
        if rule.parameter:
            assert f"{{{rule.parameter}}}" in name


def test_whoever_changes_a_job_must_have_made_it() -> None:
    for name, rule in RULES.items():
        changes_a_job = "{job_id}" in name and not name.startswith("GET ")
        assert rule.own_job == changes_a_job, name


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("required", ROLES)
def test_a_role_may_do_what_lower_ones_may(role: Role, required: Role) -> None:
    rule = Rule(required, listed=True)
    if ROLES.index(role) >= ROLES.index(required):
        found = authorize(rule, {}, event(caller(role)))
        assert found
        assert found.role == role
    else:
        with pytest.raises(Forbidden, match=required):
            authorize(rule, {}, event(caller(role)))


def test_a_dataset_in_the_path_that_is_not_visible_does_not_exist() -> None:
    rule = Rule("reader", parameter="name")
    assert authorize(rule, {"name": "jobs"}, event(caller("reader", "jobs")))
    with pytest.raises(NotFound) as refused:
        authorize(rule, {"name": "users"}, event(caller("admin", "jobs")))
    assert refused.value.code == "unknown-dataset"


def test_routes_over_fixed_datasets_need_all_of_them() -> None:
    rule = Rule("reader", datasets=("a", "b"))
    assert authorize(rule, {}, event(caller("reader", "a", "b", "c")))
    with pytest.raises(Forbidden):
        authorize(rule, {}, event(caller("admin", "a")))


def test_administration_needs_every_dataset() -> None:
    rule = Rule("admin", every_dataset=True)
    assert authorize(rule, {}, event(caller("admin")))
    with pytest.raises(Forbidden):
        authorize(rule, {}, event(caller("admin", "a")))


def test_a_route_without_a_rule_is_closed() -> None:
    with pytest.raises(Forbidden):
        authorize(None, {}, event(caller("admin")))


@pytest.mark.parametrize(
    "who", [None, caller("reader", expires_at=int(time.time()) - 1)], ids=["nobody", "expired"]
)
def test_without_a_valid_identity_nothing_is_allowed(who: Principal | None) -> None:
    with pytest.raises(Unauthorized):
        authorize(Rule("reader"), {}, event(who))


@pytest.mark.parametrize(
    "context", [{"principalId": "x"}, {"principalId": "x", "role": "root"}, {"role": "admin"}, []]
)
def test_an_incomplete_identity_is_none(context: Any) -> None:
    with pytest.raises(Unauthorized):
        authorize(Rule("reader"), {}, {"requestContext": {"authorizer": context}})


def test_an_open_route_needs_no_identity() -> None:
    assert authorize(Rule(None), {}, {}) is None


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        (caller("reader"), False),
        (caller("loader"), False),
        (caller("admin"), True),
        (caller("admin", "jobs"), False),
        (caller("reader")._replace(personal=frozenset({"users"})), True),
        (caller("reader")._replace(personal=frozenset({"jobs"})), False),
        (caller("reader")._replace(personal=None), True),
        (caller("reader", "jobs")._replace(personal=None), False),
    ],
)
def test_personal_data_needs_a_grant_for_the_dataset(who: Principal, allowed: bool) -> None:
    passed_on = Principal.from_event(event(who))
    assert may_read_personal(passed_on, "users") is allowed


def test_a_context_of_an_earlier_release_grants_no_personal_data() -> None:
    context = {"principalId": "x", "role": "loader", "datasets": "*", "expires_at": str(LATER)}
    principal = Principal.from_event({"requestContext": {"authorizer": context}})
    assert not may_read_personal(principal, "users")
