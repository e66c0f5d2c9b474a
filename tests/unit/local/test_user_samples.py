import csv
import gzip
from pathlib import Path

import pytest

from infra.local import user_samples
from infra.local.user_samples import write_users


def records(files: list[Path]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8") as opened:
            found += csv.DictReader(opened)
    return found


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    (one,) = write_users(tmp_path / "one", rows=100, seed=3)
    (two,) = write_users(tmp_path / "two", rows=100, seed=3)
    (other,) = write_users(tmp_path / "other", rows=100, seed=4)
    assert one.read_bytes() == two.read_bytes() != other.read_bytes()


def test_users_have_numbered_addresses_and_seven_in_ten_are_active(tmp_path: Path) -> None:
    users = records(list(write_users(tmp_path, rows=20_000)))
    assert [user["email"] for user in users[:2]] == ["email1@example.com", "email2@example.com"]
    assert users[-1]["id"] == "20000"
    active = sum(user["status"] == "active" for user in users)
    assert {user["status"] for user in users} == {"active", "inactive"}
    assert 0.68 < active / 20_000 < 0.72


def test_many_users_are_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_samples, "FILE_ROWS", 1000)
    files = list(write_users(tmp_path, rows=2500))
    assert [len(records([file])) for file in files] == [1000, 1000, 500]
    assert [user["id"] for user in records(files)] == [str(number) for number in range(1, 2501)]
