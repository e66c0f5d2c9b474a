"""POST and GET /datasets/{name}/exports: whose an export is, and what it shows."""

from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import unquote

import pytest

from functions.api.lookups.deps import deps
from functions.api.lookups.handler import handle
from tests.cloud.fixtures import Cloud
from tests.integration.batch.conftest import publish_all
from tests.integration.exports.conftest import Exporter
from tests.postgres.databases import Database
from tests.unit.http.api_client import ADMIN, ApiResponse, call
from waybill.http.principal import Principal

Call = Callable[..., ApiResponse]
ADA = Principal("ada", "reader", None, ADMIN.expires_at, frozenset({"kinds"}))
BO = Principal("bo", "reader", None, ADMIN.expires_at)


@pytest.fixture
def api(
    exporter: Exporter,
    cloud: Cloud,
    database: Database,
    environment_of: Callable[[Database, str], None],
) -> Iterator[Call]:
    """Calls the function as the database lets it."""
    exporter.admin.execute("INSERT INTO kinds (id, plain) VALUES (1, 'secret'), (2, NULL)")
    environment_of(database, "waybill_lookups")
    publish_all(cloud, database)
    deps.cache_clear()
    yield partial(call, handle)
    deps().database.close()
    deps.cache_clear()


def finished(
    api: Call, exporter: Exporter, caller: Principal, environment: Callable[[str], None]
) -> ApiResponse:
    """An export of the caller, after the loader has worked on it."""
    begun = api("POST", "/datasets/kinds/exports", {"format": "jsonl"}, caller=caller)
    assert begun.status == 202, begun.text
    (message,) = exporter.cloud.bodies("chunks")
    assert message == {"export_id": begun.json()["export_id"]}
    environment("waybill_load")
    exporter.work(begun.json()["export_id"])
    assert begun.headers["Location"].endswith(f"/datasets/kinds/exports/{message['export_id']}")
    path = f"/datasets/kinds/exports/{message['export_id']}"
    return api("GET", path, caller=caller)


@pytest.fixture
def environment(
    database: Database, environment_of: Callable[[Database, str], None]
) -> Callable[[str], None]:
    """Sets the role of the process."""
    return partial(environment_of, database)


def test_an_export_has_a_waybill_and_urls(
    api: Call, exporter: Exporter, environment: Callable[[str], None]
) -> None:
    export = finished(api, exporter, ADA, environment).json()
    assert (export["state"], export["rows"], export["masked"]) == ("COMPLETED", 2, False)
    (file,) = export["files"]
    assert "X-Amz-Signature" in file["url"] or "Signature" in file["url"]
    assert "kinds.jsonl" in unquote(file["url"])
    assert (file["rows"], len(file["sha256"])) == (2, 64)
    audit = exporter.admin.execute(
        "SELECT DISTINCT action, actor, detail ->> 'masked' FROM waybill.audit_logs"
    ).fetchall()
    assert sorted(audit, key=str) == [
        ("export.create", "ada", "false"),
        ("personal.read", "ada", None),
    ]


def test_whoever_gets_the_urls_of_personal_values_is_in_the_audit_log(
    api: Call, exporter: Exporter, environment: Callable[[str], None]
) -> None:
    export_id = finished(api, exporter, ADA, environment).json()["export_id"]
    assert api("GET", f"/datasets/kinds/exports/{export_id}", caller=ADMIN).status == 200
    readers = exporter.admin.execute(
        "SELECT DISTINCT actor FROM waybill.audit_logs WHERE action = 'personal.read'"
    ).fetchall()
    assert sorted(readers) == [(ADMIN.subject,), ("ada",)]


def test_without_the_right_personal_values_are_masked(
    api: Call, exporter: Exporter, environment: Callable[[str], None]
) -> None:
    export = finished(api, exporter, BO, environment).json()
    assert export["masked"] is True
    (data,) = exporter.files(exporter.document(export["export_id"], "kinds"))
    assert b"secret" not in data
    assert b"[masked]" in data


def test_only_who_made_it_and_administrators_see_an_export(
    api: Call, exporter: Exporter, environment: Callable[[str], None]
) -> None:
    export_id = finished(api, exporter, ADA, environment).json()["export_id"]
    path = f"/datasets/kinds/exports/{export_id}"
    assert api("GET", path, caller=BO).problem() == (404, "unknown-export")
    # The right was taken back.
    assert api("GET", path, caller=ADA._replace(personal=frozenset())).problem() == (
        404,
        "unknown-export",
    )
    assert api("GET", path, caller=ADMIN).status == 200
    other = f"/datasets/copies/exports/{export_id}"
    assert api("GET", other, caller=ADMIN).problem() == (404, "unknown-export")
    assert api("GET", "/datasets/kinds/exports/x", caller=ADMIN).problem()[0] == 404
    hidden = ADA._replace(datasets=frozenset({"copies"}))
    assert api("GET", path, caller=hidden).problem() == (404, "unknown-dataset")


def test_too_many_exports_are_refused(api: Call, exporter: Exporter) -> None:
    def begin(caller: Principal) -> int:
        return api("POST", "/datasets/kinds/exports", {}, caller=caller).status

    callers = [BO._replace(subject=f"caller-{number}") for number in range(4)]
    for caller in callers:
        assert [begin(caller) for _ in range(6)] == [202] * 5 + [409]
    # Twenty of all callers.
    response = api("POST", "/datasets/kinds/exports", {}, caller=ADA)
    assert response.problem() == (409, "too-many-exports")
    # One that does not move for an hour leaves its place.
    exporter.admin.execute(
        "UPDATE waybill.exports SET changed_at = now() - interval '61 minutes'"
        " WHERE created_by = 'caller-0'"
    )
    assert [begin(ADA), begin(callers[1])] == [202, 409]


@pytest.mark.parametrize("body", [{"format": "xlsx"}, {"fields": []}, {"formulas": "run"}])
def test_other_formats_are_refused(api: Call, body: dict[str, object]) -> None:
    assert api("POST", "/datasets/kinds/exports", body, caller=ADA).status == 422
