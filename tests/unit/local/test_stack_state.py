import json
import stat
from pathlib import Path

from infra.local.access_key import AccessKey, load_access_key
from infra.local.bootstrap import ADMIN, ROLES
from infra.local.passwords import load_passwords
from infra.local.processes import Process
from infra.local.stack_state import StackState
from infra.local.status import Status


def test_state_is_kept_between_runs(tmp_path: Path) -> None:
    assert StackState.load(tmp_path) == StackState()
    state = StackState(emulator=Process(pid=1, started=0.5), emulator_port=4566, outputs={"a": "b"})
    state.save(tmp_path)
    assert StackState.load(tmp_path) == state


def test_passwords_are_generated_once_and_private(tmp_path: Path) -> None:
    first = load_passwords(tmp_path)
    assert first.keys() == {ADMIN, *ROLES}
    assert len(set(first.values())) == len(first)
    assert load_passwords(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "passwords.json").stat().st_mode) == 0o600


def test_the_access_key_is_random_kept_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    key = load_access_key(tmp_path)
    assert load_access_key(tmp_path) == key
    assert AccessKey.generate() != key
    assert stat.S_IMODE((tmp_path / "access_key.json").stat().st_mode) == 0o600


def test_status_has_the_promised_keys() -> None:
    outputs = {"RestApiId": "r", "ApiStage": "v1", "LandingBucketName": "b"}
    up = json.loads(
        Status.up(
            4566, outputs, "postgresql://…", AccessKey("id", "secret"), "e.y.J"
        ).model_dump_json()
    )
    down = json.loads(Status().model_dump_json())
    keys = {
        *("state", "console", "api", "docs", "database_url", "landing_bucket", "token"),
        *("aws_endpoint_url", "aws_access_key_id", "aws_secret_access_key"),
    }
    assert up.keys() == down.keys() == keys
    assert up["console"].endswith(":4566/")
    # One origin for the page and the API.
    assert up["api"] == f"{up['console']}api/v1"
    assert down["state"] == "down"
