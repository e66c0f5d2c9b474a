"""Definitions are checked when they are given, and hold no credentials."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from waybill.errors import Conflict, Rejected
from waybill.sources.connections import DatabaseConnection, RestConnection
from waybill.sources.definition import SourceDefinition
from waybill.sources.files import read_sources

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:waybill/dev/sources/harbour"
REST: dict[str, Any] = {"url": "https://api.example/v1/ships"}
TABLE: dict[str, Any] = {
    "engine": "postgresql",
    "host": "legacy.example",
    "database": "harbour",
    "table": "public.ships",
    "key": ["id"],
    "secret_arn": SECRET,
}


def source(**fields: Any) -> SourceDefinition:
    given = {"name": "ships", "kind": "rest", "connection": REST, "dataset": "ships", **fields}
    return SourceDefinition.model_validate(given)


def test_a_connection_is_of_the_sources_kind() -> None:
    assert isinstance(source().reached_by, RestConnection)
    assert isinstance(source(kind="database", connection=TABLE).reached_by, DatabaseConnection)


@pytest.mark.parametrize(
    ("kind", "connection", "pointer", "code"),
    [
        ("rest", {**REST, "url": "https://ada:pw@api.example/"}, "/url", "has_credentials"),
        ("rest", {**REST, "url": "ftp://api.example/"}, "/url", "not_a_url"),
        ("rest", {**REST, "url": "https://api.example/?token=x"}, "/url", "has_query"),
        ("rest", {**REST, "url": "https://api.example:x/"}, "/url", "not_a_url"),
        ("rest", {**REST, "headers": {"Authorization": "pw"}}, "/headers", "has_credentials"),
        ("rest", {**REST, "parameters": {"API_KEY": "pw"}}, "/parameters", "has_credentials"),
        ("rest", {**REST, "auth": {"kind": "bearer"}}, "", "no_secret"),
        ("rest", {**REST, "auth": {"kind": "oauth"}}, "/auth", "no_token_url"),
        ("rest", {**REST, "pages": {"kind": "cursor"}}, "/pages", "no_next"),
        ("rest", {**REST, "pages": {"size_parameter": "n"}}, "/pages", "no_size"),
        ("rest", {**REST, "password": "pw"}, "/password", "extra_forbidden"),
        ("database", {**TABLE, "query": "SELECT 1"}, "", "table_or_query"),
        ("database", {**TABLE, "key": []}, "/key", "too_short"),
        ("s3", {"bucket": "Not a bucket"}, "/bucket", "string_pattern_mismatch"),
    ],
)
def test_a_connection_that_is_not_valid_is_refused_with_its_place(
    kind: str, connection: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(Rejected) as refused:
        _ = source(kind=kind, connection=connection).reached_by
    (found,) = refused.value.field_errors
    assert (found.pointer, found.code) == (f"/connection{pointer}", code)
    assert "pw" not in f"{refused.value} {found}"


@pytest.mark.parametrize("schedule", ["rate(5 minutes)", "cron(0 6 ? * MON-FRI *)", None])
def test_expressions_of_the_scheduler_are_schedules(schedule: str | None) -> None:
    assert source(schedule=schedule).schedule == schedule


@pytest.mark.parametrize("schedule", ["every hour", "rate(0 hours)", "cron(0 6 * * ?)", "at(now)"])
def test_other_texts_are_no_schedules(schedule: str) -> None:
    with pytest.raises(ValidationError, match="It must be like"):
        source(schedule=schedule)


def write(folder: Path, name: str, text: str) -> None:
    (folder / "sources").mkdir(exist_ok=True)
    (folder / "sources" / f"{name}.toml").write_text(text)


def test_a_file_declares_a_source(tmp_path: Path) -> None:
    write(tmp_path, "ships", 'kind = "s3"\ndataset = "ships"\n[connection]\nbucket = "harbour"\n')
    ((path, found),) = read_sources(tmp_path).items()
    assert path == "sources/ships.toml"
    assert (found.name, found.kind, found.connection) == ("ships", "s3", {"bucket": "harbour"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kind = ", "sources/ships.toml: "),
        ('kind = "s3"\n[connection]\nbucket = "harbour"', "sources/ships.toml: dataset: "),
        ('kind = "s3"\ndataset = "a"\n[connection]\n', "sources/ships.toml: .*/connection/bucket"),
        (
            'name = "boats"\nkind = "s3"\ndataset = "a"\n[connection]\nbucket = "harbour"',
            "the name is not that of the file",
        ),
    ],
)
def test_a_file_that_is_not_valid_is_named(tmp_path: Path, text: str, reason: str) -> None:
    write(tmp_path, "ships", text)
    with pytest.raises(Conflict, match=reason):
        read_sources(tmp_path)


S3 = 'kind = "s3"\ndataset = "ships"\n[connection]\nbucket = "harbour"\n'


def test_a_file_says_what_it_was_called(tmp_path: Path) -> None:
    write(tmp_path, "ships", f'formerly = "boats"\n{S3}')
    (found,) = read_sources(tmp_path).values()
    assert found.former_path == "sources/boats.toml"
    # It is no part of the source.
    assert "formerly" not in found.model_dump()


@pytest.mark.parametrize(
    ("other", "text", "reason"),
    [
        ("boats", S3, "sources/ships.toml: formerly: sql/sources/boats.toml is still there"),
        ("wharf", f'formerly = "boats"\n{S3}', "formerly: sources/ships.toml has it, too"),
    ],
)
def test_a_former_name_is_of_one_file_that_is_gone(
    tmp_path: Path, other: str, text: str, reason: str
) -> None:
    write(tmp_path, "ships", f'formerly = "boats"\n{S3}')
    write(tmp_path, other, text)
    with pytest.raises(Conflict, match=reason):
        read_sources(tmp_path)
