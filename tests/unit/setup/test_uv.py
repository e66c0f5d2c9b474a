"""uv uses pip's index and certificates."""

import os

import pytest

from infra.uv import run_uv, uv_environment

FILES = "global.index-url='https://mirror.example/simple'\nglobal.cert='/etc/ca.pem'\n"


def test_it_uses_pips_index_and_certificates() -> None:
    environment = uv_environment({"HOME": "/home/a"}, FILES)
    assert environment["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert environment["SSL_CERT_FILE"] == "/etc/ca.pem"
    assert environment["HOME"] == "/home/a"


def test_the_environment_of_pip_wins_over_its_files() -> None:
    listed = ":env:.index-url='https://other.example/simple'\n" + FILES
    assert uv_environment({}, listed)["UV_DEFAULT_INDEX"] == "https://other.example/simple"


def test_a_package_may_be_in_any_of_several_indexes() -> None:
    listed = "global.extra-index-url='\\nhttps://a.example/simple\\nhttps://b.example/simple'"
    environment = uv_environment({}, listed)
    assert environment["UV_INDEX"] == "https://a.example/simple https://b.example/simple"
    assert environment["UV_INDEX_STRATEGY"] == "unsafe-best-match"


def test_uvs_own_index_wins() -> None:
    environment = uv_environment({"UV_INDEX_URL": "https://uv.example/simple"}, FILES)
    assert "UV_DEFAULT_INDEX" not in environment
    assert environment["SSL_CERT_FILE"] == "/etc/ca.pem"


def test_other_settings_of_pip_are_left_to_pip() -> None:
    kept = {"UV_SYSTEM_CERTS": "1", "A": "b"}
    assert uv_environment(kept, "global.timeout='60'\n") == kept


def test_a_failure_is_reported_with_uvs_own_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    ended = run_uv("pip", "no-such-command")
    assert ended.returncode != 0
    assert "no-such-command" in ended.stderr
