import json
from collections.abc import Callable

import pytest
from aws_cdk import App

from infra.app import choose_environment
from infra.environments import LOCAL_ACCOUNT, UnknownTargetError, choose
from infra.variables import variables
from tests.infra.template import Synthesised
from waybill.settings import LandingSettings, LogSettings


class Both(LogSettings, LandingSettings):
    pass


def test_an_environment_is_in_its_own_account() -> None:
    dev = choose("dev", "123456789012", "eu-west-1", current="123456789012")
    assert (dev.account, dev.region) == ("123456789012", "eu-west-1")
    assert choose("dev").region == "us-east-1"


def test_credentials_of_another_account_are_refused() -> None:
    with pytest.raises(UnknownTargetError, match=r"prod belongs to .*111.*credentials are of 222"):
        choose("prod", "111111111111", current="222222222222")


def test_an_account_that_cdk_json_does_not_name_is_refused() -> None:
    with pytest.raises(UnknownTargetError, match=r'"accounts": {"dev": "123456789012"}'):
        choose("dev", current="123456789012")


def test_local_is_the_emulators_account_whatever_the_credentials() -> None:
    local = choose("local", "123456789012", "eu-west-1", current="123456789012")
    assert (local.account, local.region) == (LOCAL_ACCOUNT, "us-east-1")


def test_the_local_stack_is_pinned_to_the_emulators_account(
    synthesise: Callable[[str], Synthesised],
) -> None:
    manifest = json.loads((synthesise("local").folder / "manifest.json").read_text())
    stack = manifest["artifacts"]["waybill-local"]
    assert stack["environment"] == f"aws://{LOCAL_ACCOUNT}/us-east-1"


def test_an_unknown_environment_is_refused() -> None:
    with pytest.raises(UnknownTargetError, match=r"'production'.*local, dev, staging, prod"):
        choose("production")


def test_no_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYBILL_ENV", raising=False)
    with pytest.raises(UnknownTargetError, match="-c env="):
        choose_environment(App(analytics_reporting=False))


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
    [({}, "dev", "dev"), ({"env": "local"}, None, "local"), ({"env": "prod"}, "dev", "prod")],
)
def test_the_command_line_wins_over_the_environment(
    monkeypatch: pytest.MonkeyPatch, context: dict[str, str], variable: str | None, name: str
) -> None:
    monkeypatch.delenv("WAYBILL_ENV", raising=False)
    if variable:
        monkeypatch.setenv("WAYBILL_ENV", variable)
    assert choose_environment(App(context=context, analytics_reporting=False)).name == name
