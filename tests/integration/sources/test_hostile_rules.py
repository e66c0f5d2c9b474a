"""Rules of sources as an attacker would declare them, by the API: refused, with the reason."""

import re
from typing import Any

import pytest

from functions.api.batch.preview_records import Sample, preview_records
from tests.integration.sources.conftest import Api
from tests.integration.sources.test_data_sources import created
from tests.postgres.databases import Connection
from waybill.binary.source import BytesSource
from waybill.contract.model import Contract

TABLES = b"""
SET ROLE waybill_owner;
CREATE TABLE flags (code text PRIMARY KEY, country text);
SELECT waybill.register_dataset('flags');
CREATE TABLE private (code text PRIMARY KEY, country text);
CREATE TABLE ships (
    sign text PRIMARY KEY, flag text NOT NULL, tons numeric, country text, note jsonb,
    "Robert'); DROP TABLE flags;--" text);
SELECT waybill.register_dataset('ships');
RESET ROLE;
"""
SQL = (
    "true); DROP TABLE flags; SELECT (true",
    "pg_sleep(60) IS NULL",
    "pg_read_file('/etc/passwd') <> ''",
    "dblink('host=10.0.0.1', 'SELECT 1') IS NULL",
    "set_config('role', 'postgres', false) = ''",
    "lo_import('/etc/passwd') > 0",
    "(SELECT count(*) FROM pg_authid) > 0",
    "sign ~ '(a+)+$'",
    "true; COPY flags TO PROGRAM 'id'",
    "\u202e1=1",
    "x" * 900_000,
)
LOOKUP = {"dataset": "flags", "take": "country", "on": {"code": "flag"}}
NAMES = (
    "sign; DROP TABLE flags",
    "sign\" = '' OR \"sign",
    "\u200bsign",
    "\u0455ign",
    "SIGN",
    "_landed",
    "_waybill_line",
    "ctid",
    "tableoid",
    "sign\u0000",
    "",
    "x" * 100_000,
)
DEEP: Any = "x"
for _ in range(200):
    DEEP = [DEEP]


def attacks() -> list[tuple[str, Any]]:
    """A name for each, and the rules."""
    found: list[tuple[str, Any]] = [(f"where {one[:20]}", {"where": one}) for one in SQL]
    found += [(f"derive {one[:20]}", {"derive": {"tons": one}}) for one in SQL]
    for name in NAMES:
        found += [
            (f"trim {name[:20]}", {"trim": [name]}),
            (f"lower {name[:20]}", {"lower": [name], "upper": ["flag"]}),
            (f"null_words {name[:20]}", {"null_words": {name: ["x"]}}),
            (f"rename to {name[:20]}", {"rename": {"x": name}}),
            (f"filter {name[:20]}", {"filter": [{"column": name, "in": ["x"]}]}),
            (f"formats {name[:20]}", {"formats": {name: {"decimal": ","}}}),
            (f"enrich {name[:20]}", {"enrich": {name: LOOKUP}}),
            (f"take {name[:20]}", {"enrich": {"country": {**LOOKUP, "take": name}}}),
            (f"on {name[:20]}", {"enrich": {"country": {**LOOKUP, "on": {name: "flag"}}}}),
            (f"by {name[:20]}", {"enrich": {"country": {**LOOKUP, "on": {"code": name}}}}),
            (f"from {name[:20]}", {"enrich": {"country": {**LOOKUP, "dataset": name}}}),
            (f"rule {name[:20]}", {name: ["sign"]}),
        ]
    for table in ("private", "pg_catalog.pg_authid", "pg_authid", "waybill.data_sources", "ships"):
        found.append((f"from {table}", {"enrich": {"country": {**LOOKUP, "dataset": table}}}))
    values: tuple[Any, ...] = (
        None,
        1,
        "sign",
        True,
        {"sign": None},
        [None],
        [{}],
        [[["sign"]]],
        DEEP,
    )
    for rule in ("trim", "lower", "upper", "null_words", "rename", "filter", "formats", "enrich",
                 "drop_duplicates", "where", "derive"):  # fmt: skip
        for value in values:
            found.append((f"{rule} of {str(value)[:20]}", {rule: value}))
    found += [
        ("both cases, one a text", {"lower": "sign", "upper": ["sign"]}),
        ("both cases, one a number", {"lower": ["sign"], "upper": 5}),
        ("a list", {"trim": "sign"}),
        ("a pattern that ends early", {"filter": [{"column": "sign", "like": "a\\"}]}),
        ("two conditions in one", {"filter": [{"column": "sign", "in": ["a"], "like": "b"}]}),
        ("names that clash", {"rename": {"flag": "sign"}}),
        ("a number mark", {"formats": {"tons": {"decimal": "'); DROP TABLE flags;--"}}}),
        ("a time zone", {"formats": {"tons": {"zone": "../../../etc/passwd"}}}),
        ("many conditions", {"filter": [{"column": "sign", "in": ["a"]}] * 20_000}),
        ("many look-ups", {"enrich": {f"c{n}": LOOKUP for n in range(9_000)}}),
        ("a long word", {"null_words": {"sign": ["x" * 900_000]}}),
        ("an empty name", {"": 1}),
    ]
    return found


# Rules that mean what they say, however odd the names are.
HARMLESS = (
    {"null_words": {"*": ["'); DROP TABLE flags;--", "$1", "%s", "\\", "\u202e"]}},
    {"rename": {"'); DROP TABLE flags;--": "Robert'); DROP TABLE flags;--", "%s": "sign"}},
    {"trim": ["Robert'); DROP TABLE flags;--"], "upper": ["Robert'); DROP TABLE flags;--"]},
    {"filter": [{"column": "Robert'); DROP TABLE flags;--", "not_like": "%a" * 500 + "c"}]},
)


@pytest.fixture
def ships(admin: Connection, harbour: dict[str, Any]) -> dict[str, Any]:
    admin.execute(TABLES)
    return {**harbour, "dataset": "ships", "name": "fleet"}


def test_rules_of_an_attacker_are_refused_with_the_reason(
    api: Api, ships: dict[str, Any], admin: Connection
) -> None:
    unexpected = {}
    for name, rules in attacks():
        response = api("POST", "/data-sources", {**ships, "transformation": rules})
        detail = response.json().get("detail", "")
        # A sentence about the rule, not what PostgreSQL said when it fell over it.
        is_clear = re.match("transformation of ships: |The body is invalid: nested more", detail)
        if response.status != 422 or not is_clear:
            unexpected[name] = (response.status, detail[:300])
    assert unexpected == {}
    assert admin.execute("SELECT count(*) FROM waybill.data_sources").fetchone() == (0,)
    assert admin.execute("SELECT count(*) FROM flags").fetchone() == (0,)


def test_a_change_of_a_source_is_checked_as_it_is(api: Api, ships: dict[str, Any]) -> None:
    source = created(api, ships)
    rules = {"filter": [{"column": "sign; DROP TABLE flags", "in": ["x"]}]}
    changed = api("PUT", f"/data-sources/{source['id']}", {**ships, "transformation": rules})
    assert changed.problem() == (422, "contract-broken")
    kept = api("GET", f"/data-sources/{source['id']}").json()
    assert kept.get("transformation") is None


def test_odd_texts_in_rules_are_only_texts(
    api: Api, ships: dict[str, Any], admin: Connection
) -> None:
    text = "sign|flag|tons|Robert'); DROP TABLE flags;--\n"
    text += f"a|$1|1.5|x\n%s|b|2|{'a' * 100_000}b\n\\|c|3|'); DROP TABLE flags;--\n"
    for rules in HARMLESS:
        source = created(api, {**ships, "transformation": rules})
        (found,) = admin.execute(
            "SELECT waybill.preview_contract('ships', 'fleet')"
        ).fetchone() or ({},)
        contract = Contract.model_validate(found)
        records = preview_records(contract, Sample(BytesSource(text.encode()), "|")).records
        assert len(records) == 3, rules
        assert api("DELETE", f"/data-sources/{source['id']}").status == 204
    assert admin.execute("SELECT count(*) FROM flags").fetchone() == (0,)
