"""/data-sources keeps definitions; files of `sql/sources/` are definitions too."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from functions.api.sources.models import DataSource
from functions.migrate.apply_sources import apply_sources
from tests.cloud.fixtures import STATE, Cloud
from tests.integration.sources.conftest import Api
from tests.postgres.databases import Connection
from tests.unit.http.api_client import ADMIN
from waybill.errors import Rejected
from waybill.sources.schedules import Schedules
from waybill.state.bucket import StateBucket

Source = Mapping[str, Any]


def created(api: Api, source: Source) -> dict[str, Any]:
    response = api("POST", "/data-sources", source)
    assert response.status == 201, response.text
    found: dict[str, Any] = response.json()
    return found


def test_a_source_is_kept_as_it_was_given(api: Api, harbour: Source) -> None:
    found = created(api, harbour)
    DataSource.model_validate(found)
    assert {name: found[name] for name in harbour} == harbour
    assert found["freshness"] == {"last_success_at": None, "lag_seconds": None, "is_late": False}
    assert api("GET", f"/data-sources/{found['id']}").json() == found
    assert api("GET", "/data-sources").json()["items"] == [found]


def test_a_new_source_may_be_the_first_to_become_late(
    api: Api, harbour: Source, cloud: Cloud
) -> None:
    created(api, harbour)
    assert StateBucket(cloud.s3, STATE).next_publication.find().next.is_request


def test_a_change_keeps_the_cursor_unless_it_has_one(api: Api, harbour: Source) -> None:
    path = f"/data-sources/{created(api, {**harbour, 'cursor': '2026-01-01'})['id']}"
    changed = api("PUT", path, {**harbour, "schedule": "rate(2 hours)"}).json()
    assert (changed["schedule"], changed["cursor"]) == ("rate(2 hours)", "2026-01-01")
    assert api("PUT", path, {**harbour, "cursor": "2025"}).json()["cursor"] == "2025"
    assert "schedule" not in api("PUT", path, {**harbour, "schedule": None}).json()


def test_a_source_that_is_deleted_is_gone(api: Api, harbour: Source) -> None:
    path = f"/data-sources/{created(api, harbour)['id']}"
    assert api("DELETE", path).status == 204
    for method, body in (("GET", None), ("PUT", harbour), ("DELETE", None)):
        assert api(method, path, body).problem() == (404, "unknown-source")


@pytest.mark.parametrize("source_id", ["no-id", "01a2239c-0fc0-7b3c-8eb3-f01778d21e74"])
def test_an_id_without_a_source_is_unknown(api: Api, source_id: str) -> None:
    assert api("GET", f"/data-sources/{source_id}").problem() == (404, "unknown-source")


def test_what_cannot_be_a_source_is_refused(api: Api, harbour: Source) -> None:
    created(api, harbour)
    cases: list[tuple[dict[str, Any], tuple[int, str]]] = [
        ({}, (409, "source-exists")),
        ({"name": "other", "dataset": "nowhere"}, (422, "unknown-dataset")),
        ({"name": "other", "connection": {}}, (422, "invalid-source")),
        ({"name": "Other"}, (422, "invalid-request")),
        ({"name": "other", "secret": "x"}, (422, "invalid-request")),
    ]
    for change, problem in cases:
        assert api("POST", "/data-sources", {**harbour, **change}).problem() == problem


def test_only_administrators_see_sources(api: Api, harbour: Source) -> None:
    loader = ADMIN._replace(role="loader")
    assert api("GET", "/data-sources", caller=loader).problem() == (403, "forbidden")
    assert api("POST", "/data-sources", harbour, caller=loader).problem() == (403, "forbidden")


def test_sources_have_pages_by_name(api: Api, harbour: Source) -> None:
    for name in ("c", "a", "b"):
        created(api, {**harbour, "name": name})
    first = api("GET", "/data-sources?limit=2").json()
    rest = api("GET", f"/data-sources?limit=2&cursor={first['next_cursor']}").json()
    assert [item["name"] for item in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert rest["next_cursor"] is None


def test_changes_are_in_the_audit_log(api: Api, admin: Connection, harbour: Source) -> None:
    path = f"/data-sources/{created(api, harbour)['id']}"
    api("PUT", path, harbour)
    api("DELETE", path)
    rows = admin.execute(
        "SELECT action, actor, dataset, detail ->> 'name' FROM waybill.audit_logs"
        " ORDER BY occurred_at, audit_id"
    ).fetchall()
    assert rows == [
        (f"source.{done}", "a-person", "departments", "harbour")
        for done in ("created", "changed", "deleted")
    ]


FILE = """
kind = "s3"
dataset = "departments"
schedule = "rate(1 hour)"
[connection]
bucket = "harbour"
"""


def declare(folder: Path, **files: str) -> Path:
    (folder / "sources").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "sources" / f"{name}.toml").write_text(text)
    return folder


def test_files_are_applied_again_and_again(
    api: Api, schedules: Schedules, admin: Connection, tmp_path: Path
) -> None:
    assert apply_sources(admin, schedules, declare(tmp_path, a=FILE, b=FILE)) == ["a", "b"]
    (first, _) = api("GET", "/data-sources").json()["items"]
    declare(tmp_path, a=FILE.replace("1 hour", "2 hours"))
    (tmp_path / "sources" / "b.toml").unlink()
    assert apply_sources(admin, schedules, tmp_path) == ["a"]
    (changed,) = api("GET", "/data-sources").json()["items"]
    assert (changed["id"], changed["schedule"]) == (first["id"], "rate(2 hours)")
    assert changed["declared_in"] == "sql/sources/a.toml"


def test_a_renamed_file_keeps_its_source_if_it_says_so(
    api: Api, schedules: Schedules, admin: Connection, tmp_path: Path
) -> None:
    declare(tmp_path, a=f'cursor = "7"\n{FILE}', other=FILE)
    apply_sources(admin, schedules, tmp_path)
    (first, other) = api("GET", "/data-sources").json()["items"]
    (tmp_path / "sources" / "a.toml").unlink()
    declare(tmp_path, b=f'formerly = "a"\n{FILE}', other=FILE)
    # The key may stay: once the source has its new file, it has no meaning.
    for _ in range(2):
        assert apply_sources(admin, schedules, tmp_path) == ["b", "other"]
        (renamed, same) = api("GET", "/data-sources").json()["items"]
        assert (renamed["id"], renamed["name"], renamed["cursor"]) == (first["id"], "b", "7")
        assert (renamed["declared_in"], same["id"]) == ("sql/sources/b.toml", other["id"])
        assert renamed["schedule"] == "rate(1 hour)"


def test_a_renamed_file_that_does_not_say_so_is_another_source(
    api: Api,
    schedules: Schedules,
    admin: Connection,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    apply_sources(admin, schedules, declare(tmp_path, a=f'cursor = "7"\n{FILE}'))
    (first,) = api("GET", "/data-sources").json()["items"]
    (tmp_path / "sources" / "a.toml").unlink()
    apply_sources(admin, schedules, declare(tmp_path, b=FILE))
    (found,) = api("GET", "/data-sources").json()["items"]
    assert found["id"] != first["id"]
    assert "cursor" not in found
    (logged,) = (each for each in caplog.records if each.message == "source.removed")
    assert vars(logged)["path"] == "sql/sources/a.toml"


def test_the_api_does_not_change_what_a_file_declares(
    api: Api, schedules: Schedules, admin: Connection, harbour: Source, tmp_path: Path
) -> None:
    apply_sources(admin, schedules, declare(tmp_path, a=FILE))
    (declared,) = api("GET", "/data-sources").json()["items"]
    path = f"/data-sources/{declared['id']}"
    assert api("PUT", path, harbour).problem() == (409, "source-declared")
    assert api("DELETE", path).problem() == (409, "source-declared")


def test_one_wrong_file_leaves_all_sources_as_they_are(
    api: Api, schedules: Schedules, admin: Connection, tmp_path: Path
) -> None:
    apply_sources(admin, schedules, declare(tmp_path, a=FILE))
    before = api("GET", "/data-sources").json()
    declare(tmp_path, a=FILE.replace("1 hour", "9 hours"), b=FILE.replace("departments", "nowhere"))
    with pytest.raises(Rejected, match="nowhere"):
        apply_sources(admin, schedules, tmp_path)
    assert api("GET", "/data-sources").json() == before


def test_a_source_names_receivers_that_are_declared(
    api: Api, admin: Connection, harbour: Source
) -> None:
    unknown = api("POST", "/data-sources", {**harbour, "notify": {"crew": ["late"]}})
    assert unknown.problem() == (422, "unknown-receiver")
    odd = api("POST", "/data-sources", {**harbour, "notify": {"crew": ["done"]}})
    assert odd.problem() == (422, "invalid-request")
    admin.execute("INSERT INTO waybill.receivers VALUES ('crew', '{}', 'receivers/crew.toml')")
    assert created(api, {**harbour, "notify": {"crew": ["late"]}})["notify"] == {"crew": ["late"]}


def test_rules_that_mean_nothing_are_refused_with_the_source(api: Api, harbour: Source) -> None:
    for rules, reason in (
        ({"lower": ["id"]}, "lower, id: a column of type int4 has no letter case"),
        ({"where": "id > 1"}, "where: SQL is declared with the dataset"),
    ):
        response = api("POST", "/data-sources", {**harbour, "transformation": rules})
        assert response.problem() == (422, "contract-broken")
        assert reason in response.json()["detail"]
    rules = {"trim": ["department"]}
    assert created(api, {**harbour, "transformation": rules})["transformation"] == rules
