"""Columns added, missing, renamed or retyped in files, by the policy of the dataset."""

import gzip
import json
from typing import Any

import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection

_TABLE = """
CREATE TABLE moorings (
    berth text PRIMARY KEY, depth numeric(5, 2), since date, note text, extra jsonb);
SELECT waybill.register_dataset('moorings', aliases => '{"draught": "depth"}'%s);
"""
POLICIES = {
    "refuse": "",
    "ignore": ", drift => 'ignore'",
    "rescue": ", drift => 'rescue', rescued => 'extra'",
}
CSV = "berth,Draught,colour,Since,dept\nA1,2.50,red,2026-01-02,7\nB2,,,2026-01-03,\n"
JSON = (
    '{"berth":"A1","Draught":2.50,"colour":"red","Since":"2026-01-02","dept":7}\n'
    '{"berth":"B2","Since":"2026-01-03"}\n'
)


def declare(admin: Connection, policy: str) -> None:
    admin.execute((_TABLE % POLICIES[policy]).encode())


def load(cloud: Cloud, text: str, second: int = 0) -> None:
    land(cloud, "moorings", f"file-{second}", text.encode(), second=second)
    settle(cloud)


def rows(admin: Connection) -> list[tuple[Any, ...]]:
    return admin.execute(
        "SELECT berth, depth::text, since::text, note, extra FROM moorings ORDER BY berth"
    ).fetchall()


def job(admin: Connection) -> dict[str, Any]:
    """The document of the last job."""
    row = admin.execute(
        "SELECT document FROM waybill.job_documents ORDER BY created_at DESC LIMIT 1"
    ).fetchone()
    assert row is not None
    document: dict[str, Any] = row[0]
    return document


def drift(admin: Connection) -> list[tuple[Any, ...]]:
    names = ("column", "change", "nearest", "action", "records", "code")
    return [tuple(each.get(name) for name in names) for each in job(admin).get("drift", [])]


def test_csv_with_other_columns_is_refused_by_default(admin: Connection, cloud: Cloud) -> None:
    declare(admin, "refuse")
    load(cloud, CSV)
    error = job(admin)["error"]
    assert error["type"] == "unknown-columns"
    assert "'dept' (nearest: depth)" in error["detail"]
    assert rows(admin) == []


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("policy", "kept"), [("ignore", None), ("rescue", {"colour": "red", "dept": "7"})]
)
def test_csv_with_other_columns(
    admin: Connection, cloud: Cloud, policy: str, kept: object, packed: bool
) -> None:
    declare(admin, policy)
    body = gzip.compress(CSV.encode()) if packed else CSV.encode()
    land(cloud, "moorings", "file.csv", body)
    settle(cloud)
    empty = dict.fromkeys(kept) if isinstance(kept, dict) else None
    assert rows(admin) == [
        ("A1", "2.50", "2026-01-02", None, kept),
        ("B2", None, "2026-01-03", None, empty),
    ]
    action = "ignored" if policy == "ignore" else "rescued"
    assert drift(admin) == [
        ("colour", "added", None, action, None, None),
        ("dept", "added", "depth", action, None, None),
        ("note", "missing", None, None, None, None),
    ] + ([("extra", "missing", None, None, None, None)] if policy == "ignore" else [])
    assert job(admin)["waybill"]["inserted"] == 2


@pytest.mark.parametrize(
    ("policy", "kept"),
    [("refuse", None), ("ignore", None), ("rescue", {"colour": "red", "dept": 7})],
)
def test_json_with_other_fields(admin: Connection, cloud: Cloud, policy: str, kept: object) -> None:
    declare(admin, policy)
    load(cloud, JSON)
    first = [("A1", "2.50", "2026-01-02", None, kept)] if policy != "refuse" else []
    assert rows(admin) == [*first, ("B2", None, "2026-01-03", None, None)]
    action = {"refuse": "rejected", "ignore": "ignored", "rescue": "rescued"}[policy]
    found = drift(admin)
    assert found[:2] == [
        ("colour", "added", None, action, 1, None),
        ("dept", "added", "depth", action, 1, None),
    ]
    assert ("note", "missing", None, None, None, None) in found
    assert ("since", "missing", None, None, None, None) not in found
    if policy == "refuse":
        (errors,) = admin.execute("SELECT errors FROM waybill.validation_errors").fetchone() or ()
        assert "(nearest: depth)" in errors[1]["message"]


def test_what_a_record_lacks_stays_as_it_is(admin: Connection, cloud: Cloud) -> None:
    declare(admin, "rescue")
    load(cloud, '{"berth":"A1","colour":"red","note":"n"}\n{"berth":"B2","colour":"red"}\n')
    load(cloud, '{"berth":"A1","note":"m"}\n{"berth":"B2","size":[1,{"a":null}]}\n', 1)
    load(cloud, "berth,since\nA1,2026-05-05\n", 2)
    assert rows(admin) == [
        ("A1", None, "2026-05-05", "m", {"colour": "red"}),
        ("B2", None, None, None, {"size": [1, {"a": None}]}),
    ]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_renamed_required_column_is_never_guessed(
    admin: Connection, cloud: Cloud, policy: str
) -> None:
    declare(admin, policy)
    load(cloud, "birth,draught,since\nA1,2.5,2026-01-02\n")
    error = job(admin)["error"]
    assert error["type"] in ("missing-columns", "unknown-columns")
    assert "birth" in error["detail"]
    assert "berth" in error["detail"]
    assert rows(admin) == []


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    "text",
    [
        "berth,depth\nA1,deep\nB2,shallow\nC3,1.5\n",
        '{"berth":"A1","depth":"deep"}{"berth":"B2","depth":{"m":2}}{"berth":"C3","depth":1.5}',
    ],
)
def test_a_retyped_column_is_rejected_and_reported(
    admin: Connection, cloud: Cloud, policy: str, text: str
) -> None:
    declare(admin, policy)
    load(cloud, text)
    assert [row[0] for row in rows(admin)] == ["C3"]
    assert job(admin)["waybill"]["rejected"] == 2
    (retyped,) = [each for each in drift(admin) if each[1] == "retyped"]
    assert retyped[0] == "depth"
    assert retyped[3] == "rejected"
    assert retyped[5] in ("invalid_number", "wrong_type")


def test_a_few_bad_values_are_no_drift(admin: Connection, cloud: Cloud) -> None:
    declare(admin, "rescue")
    load(cloud, "berth,depth,since,note\nA1,deep,,\nB2,1,,\nC3,2,,\n")
    assert drift(admin) == []


@pytest.mark.parametrize("policy", ["ignore", "rescue"])
@pytest.mark.parametrize(
    "text",
    ['{"birth":"A1","colour":"red"}\n' * 3, '{"rows":[{"berth":"A1"}]}', "colour,size\nred,1\n"],
)
def test_a_file_without_any_column_is_refused(
    admin: Connection, cloud: Cloud, policy: str, text: str
) -> None:
    declare(admin, policy)
    load(cloud, text)
    assert job(admin)["error"]["type"] == "unknown-columns"


def test_a_record_without_any_column_is_rejected(admin: Connection, cloud: Cloud) -> None:
    admin.execute(
        "CREATE TABLE moorings (berth text, note text, extra jsonb);"
        "SELECT waybill.register_dataset('moorings', drift => 'rescue', rescued => 'extra')"
    )
    load(cloud, '{"berth":"A1"}\n{"colour":"red"}\n')
    assert admin.execute("SELECT berth FROM moorings").fetchall() == [("A1",)]
    assert job(admin)["waybill"]["rejected"] == 1


def test_the_rescued_column_is_a_column_like_any_other(admin: Connection, cloud: Cloud) -> None:
    declare(admin, "rescue")
    load(cloud, 'berth,extra\nA1,"{""colour"":""red""}"\nB2,no JSON\n')
    load(cloud, '{"berth":"C3","extra":{"a":1}}\n{"berth":"D4","extra":{},"size":1}\n', 1)
    kept = {row[0]: row[4] for row in rows(admin)}
    assert kept == {"A1": {"colour": "red"}, "C3": {"a": 1}}
    codes = admin.execute(
        "SELECT errors -> 0 ->> 'code' FROM waybill.validation_errors ORDER BY 1"
    ).fetchall()
    assert codes == [("duplicate_field",), ("invalid_json",)]


@pytest.mark.parametrize("header", ["berth,colour,colour", "berth,extra,colour"])
def test_added_columns_that_cannot_be_kept_apart_are_refused(
    admin: Connection, cloud: Cloud, header: str
) -> None:
    declare(admin, "rescue")
    load(cloud, f"{header},since\nA1,,,\n")
    assert job(admin)["error"]["type"] == "duplicate-columns"


def test_files_without_a_header_have_the_columns_but_the_rescued_one(
    admin: Connection, cloud: Cloud
) -> None:
    declare(admin, "rescue")
    load(cloud, "A1,2.5,2026-01-02,x\nB2,3.5,2026-01-03,y\n")
    assert [row[:4] for row in rows(admin)] == [
        ("A1", "2.50", "2026-01-02", "x"),
        ("B2", "3.50", "2026-01-03", "y"),
    ]


def test_chunks_agree_on_what_differs(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHUNK_BYTES", "400")
    declare(admin, "rescue")
    lines = [
        json.dumps({"berth": f"B{n}", **({"since": "2026-01-02"} if n == 90 else {}), "n": n})
        for n in range(100)
    ]
    load(cloud, "\n".join(lines))
    assert job(admin)["progress"]["chunks_total"] > 3
    assert drift(admin) == [
        ("n", "added", None, "rescued", 100, None),
        ("depth", "missing", None, None, None, None),
        ("note", "missing", None, None, None, None),
    ]
    assert [row[4] for row in rows(admin)] == [{"n": int(row[0][1:])} for row in rows(admin)]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("drift => 'guess'", "drift: 'guess' is not one of refuse, ignore, rescue"),
        ("drift => 'rescue'", "rescued: "),
        ("rescued => 'extra'", "rescued: "),
        ("drift => 'rescue', rescued => 'note'", "a column of type jsonb"),
        ("drift => 'ignore', header => 'absent'", "without a header"),
        ("drift => 'ignore', document => 'extra'", "a document takes any fields"),
        ("drift => 'rescue', rescued => 'extra', personal => '{note}'", "personal"),
    ],
)
def test_a_policy_that_cannot_work_is_refused(
    admin: Connection, options: str, problem: str
) -> None:
    with pytest.raises(Exception, match=problem):
        admin.execute((_TABLE % f", {options}").encode())
