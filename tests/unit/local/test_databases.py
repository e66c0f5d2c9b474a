"""`DATABASE_URL` that cannot be used, and files that belong to another database."""

import socket
from pathlib import Path

import pytest

from infra.local.databases import DatabaseUrlError, ExternalDatabase
from infra.local.settings import LocalSettings
from infra.local.stack import Stack
from infra.local.stack_error import StackError
from infra.local.stack_state import StackState
from tests.postgres.databases import Database


def start(url: str) -> str:
    with pytest.raises(DatabaseUrlError) as refused:
        ExternalDatabase(url).start(0, {"waybill_admin": "x"})
    text = str(refused.value)
    assert "\n" not in text
    assert "secret" not in text
    return text


def test_an_unreachable_server_is_one_line() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    text = start(f"postgresql://me:secret@127.0.0.1:{port}/mine")
    assert text.startswith(f"DATABASE_URL: 127.0.0.1:{port}/mine: ")


def test_what_is_no_url_is_one_line() -> None:
    assert start("mine secret?").startswith("DATABASE_URL is not a URL")


def test_an_older_server_is_one_line(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.local.databases._VERSION", 99)
    assert start(database.dsn_for()).endswith("is PostgreSQL 18; Waybill needs 99.")


def test_files_of_one_database_are_not_loaded_into_another(tmp_path: Path) -> None:
    StackState(database="db.example:5432/first").save(tmp_path)
    url = "postgresql://me:secret@db.example/second"
    stack = Stack(LocalSettings(waybill_home=tmp_path, database_url=url), print)
    with pytest.raises(StackError) as refused:
        stack.up()
    assert "belong to db.example:5432/first, not to db.example:5432/second" in str(refused.value)
    assert "ERASE=1" in str(refused.value)


def test_erasing_says_what_is_erased(tmp_path: Path) -> None:
    own = Stack(LocalSettings(waybill_home=tmp_path), print)
    assert own.erased == f"the files in {tmp_path} and the embedded PostgreSQL"
    url = "postgresql://me:secret@db.example/mine"
    other = Stack(LocalSettings(waybill_home=tmp_path, database_url=url), print)
    assert other.erased.endswith("the tables in db.example:5432/mine stay")
