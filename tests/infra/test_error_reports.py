"""Errors are reported to a tracker where one is named, by a function that can do nothing else."""

from collections.abc import Callable

import pytest
from aws_cdk import App

from infra.app import build, choose_environment
from infra.context import context
from infra.error_tracking import ErrorTracker, InvalidTrackerError
from infra.functions import FUNCTIONS
from tests.infra.template import Synthesised, listed, text

SECRET = "waybill/prod/error-tracker"


@pytest.fixture(scope="module")
def with_tracker(tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    folder = tmp_path_factory.mktemp("errors")
    values = {**context(), "env": "prod", "error_tracking": {"prod": {"secret": SECRET}}}
    app = App(context=values, outdir=str(folder), analytics_reporting=False)
    build(app, choose_environment(app))
    app.synth()
    return Synthesised.read("prod", folder)


def test_the_log_of_every_function_is_read(with_tracker: Synthesised) -> None:
    template = with_tracker.templates["waybill-prod-errors"]["Resources"].values()
    filters = [one["Properties"] for one in template if one["Type"].endswith("SubscriptionFilter")]
    groups = {text(each["LogGroupName"]) for each in filters}
    assert len(groups) == len(FUNCTIONS)
    assert not [group for group in groups if "Reporter" in group]
    assert len(filters) == 2 * len(groups)
    assert {each["FilterPattern"] for each in filters} == {
        '{ $.level = "ERROR" }',
        '?"Task timed out" ?"Runtime.ExitError" ?"[ERROR]"',
    }
    assert all("Alias" in text(each["DestinationArn"]) for each in filters)


def test_only_the_logs_of_the_account_may_call_it(with_tracker: Synthesised) -> None:
    (permission,) = [
        one
        for one in with_tracker.of_type("AWS::Lambda::Permission").values()
        if one["Principal"] == "logs.amazonaws.com"
    ]
    assert "SourceAccount" in permission
    assert text(permission["SourceArn"]).endswith(":log-group:*")


def test_it_reads_the_secret_and_nothing_else(with_tracker: Synthesised) -> None:
    function = with_tracker.functions()["reporter"]
    assert "VpcConfig" not in function
    variables = function["Environment"]["Variables"]
    assert variables["DSN_SECRET"] == SECRET
    assert "DATABASE_HOST" not in variables
    granted = {
        action: text(resource)
        for statement in with_tracker.statements_of("reporter")
        for action in listed(statement["Action"])
        if not action.startswith(("logs:", "xray:"))
        for resource in listed(statement["Resource"])
    }
    assert granted.keys() == {"secretsmanager:GetSecretValue"}
    assert granted["secretsmanager:GetSecretValue"].endswith(f":secret:{SECRET}-??????")


def test_without_a_tracker_there_is_none(synthesise: Callable[[str], Synthesised]) -> None:
    for name in ("dev", "prod"):
        assert f"waybill-{name}-errors" not in synthesise(name).templates
    assert ErrorTracker.from_context(None) is None


@pytest.mark.parametrize("values", [{}, {"dsn": "x"}, {"secret": "https://key@host/1"}])
def test_a_dsn_in_the_configuration_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(InvalidTrackerError):
        ErrorTracker.from_context(values)
