import pytest
from aws_cdk import App

from infra.app import chosen
from infra.environments import LOCAL_ACCOUNT, choose
from infra.variables import variables
from waybill.settings import LandingSettings, LogSettings


class Both(LogSettings, LandingSettings):
    pass


def test_account_and_region_are_those_of_the_deployment() -> None:
    dev = choose("dev", "123456789012", "eu-west-1")
    assert (dev.account, dev.region) == ("123456789012", "eu-west-1")
    assert choose("dev").region == "us-east-1"


def test_local_is_the_emulator_wherever_it_is_synthesised() -> None:
    local = choose("local", "123456789012", "eu-west-1")
    assert (local.account, local.region) == (LOCAL_ACCOUNT, "us-east-1")


def test_an_unknown_environment_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'production'.*local, dev, staging, prod"):
        choose("production")


def test_variables_are_named_for_the_fields() -> None:
    assert variables(Both, {"landing_bucket": "b"}) == {"LANDING_BUCKET": "b"}


@pytest.mark.parametrize(
    ("values", "message"),
    [({}, "missing .'landing_bucket'."), ({"landing_bucket": "b", "no": "x"}, "unknown .'no'.")],
)
def test_a_wrong_mapping_fails_synthesis(values: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        variables(Both, values)


@pytest.mark.parametrize(
    ("context", "variable", "name"),
    [({}, None, "local"), ({}, "dev", "dev"), ({"env": "prod"}, "dev", "prod")],
)
def test_the_command_line_wins_over_the_environment(
    monkeypatch: pytest.MonkeyPatch, context: dict[str, str], variable: str | None, name: str
) -> None:
    monkeypatch.delenv("WAYBILL_ENV", raising=False)
    if variable:
        monkeypatch.setenv("WAYBILL_ENV", variable)
    assert chosen(App(context=context, analytics_reporting=False)).name == name
