"""Rules are checked when they are declared, for a dataset or for a source."""

import json
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.sql.staging import Ledger
from waybill.contract.model import Contract

TABLE = """
CREATE TYPE hull AS ENUM ('wood', 'steel');
CREATE TABLE t (
    sign text PRIMARY KEY,
    "Home Port" varchar(20),
    hull hull,
    built date,
    tons numeric(8, 2),
    papers jsonb,
    length_cm bigint GENERATED ALWAYS AS (round(tons * 100)) STORED
);
"""
VALID: list[dict[str, Any]] = [
    {},
    {"rename": {"Call Sign": "sign", "port": "Home Port"}},
    {"trim": ["*"], "lower": ["*"]},
    {"lower": ["hull", "Home Port"], "upper": ["sign"]},
    {"null_words": {"*": ["n/a", ""], "papers": ["none"]}},
    {"formats": {"built": {"date": "DD/MM/YYYY"}, "tons": {"decimal": ","}}},
    {"filter": []},
    {"filter": [{"column": "sign", "in": ["a"]}, {"column": "hull", "not_in": ["b"]}]},
    {"filter": [{"column": "sign", "like": r"%\\"}, {"column": "sign", "not_like": r"\%_"}]},
    {"filter": [{"column": "papers", "filled": False}]},
]
INVALID: list[tuple[Any, str]] = [
    ([], "a JSON object of rules is needed"),
    ({"uppercase": ["sign"]}, "there is no rule uppercase"),
    ({"rename": {"port": "harbour"}}, "rename, port: there is no column harbour"),
    ({"rename": {"SIGN": "hull"}}, "rename, SIGN: this is the name of another column"),
    ({"rename": {"port": 1}}, "rename: a JSON object is needed"),
    ({"trim": "sign"}, "trim: a list of column names is needed"),
    ({"trim": ["mast"]}, "trim, mast: there is no such column"),
    ({"trim": ["length_cm"]}, "trim, length_cm: there is no such column"),
    ({"trim": ["_landed"]}, "trim, _landed: there is no such column"),
    ({"trim": ["papers"]}, "trim, papers: JSON is not trimmed"),
    ({"lower": ["tons"]}, "lower, tons: a column of type numeric has no letter case"),
    ({"upper": ["papers"]}, "upper, papers: a column of type jsonb has no letter case"),
    ({"lower": ["sign"], "upper": ["sign"]}, "lower and upper name the same column"),
    ({"null_words": ["x"]}, "null_words: a JSON object is needed"),
    ({"null_words": {"mast": ["x"]}}, "null_words, mast: there is no such column"),
    ({"null_words": {"sign": []}}, "null_words, sign: a list of texts is needed"),
    ({"null_words": {"sign": [None]}}, "null_words, sign: a list of texts is needed"),
    ({"formats": {"built": {"date": "DD/MM"}}}, "formats, built: .* needs a year"),
    ({"formats": {"mast": {}}}, "formats, mast: there is no such column"),
    ({"formats": []}, "formats, a JSON object is needed"),
    ({"filter": {}}, "filter: a list of conditions is needed"),
    ({"filter": ["tons > 1"]}, "filter, condition 1: a condition is a JSON object"),
    ({"filter": [{"in": ["a"]}]}, "filter, condition 1: there is no column"),
    ({"filter": [{"column": "mast", "in": ["a"]}]}, "condition 1: there is no column .mast."),
    ({"filter": [{"column": "sign"}]}, "condition 1: a condition has a column and one of"),
    (
        {"filter": [{"column": "sign", "filled": True}, {"column": "sign", "is": "a"}]},
        "condition 2: a condition has a column and one of",
    ),
    (
        {"filter": [{"column": "sign", "in": ["a"], "like": "b"}]},
        "condition 1: a condition has a column and one of",
    ),
    ({"filter": [{"column": "sign", "in": [1]}]}, "in and not_in need a list of texts"),
    ({"filter": [{"column": "sign", "in": []}]}, "in and not_in need a list of texts"),
    ({"filter": [{"column": "sign", "like": 1}]}, "like and not_like need a pattern"),
    ({"filter": [{"column": "sign", "like": "a\\"}]}, "ends with an escape character"),
    ({"filter": [{"column": "sign", "filled": "yes"}]}, "filled is true or false"),
]


@pytest.fixture
def ships(ledger: Ledger) -> Ledger:
    ledger.declare(TABLE)
    ledger.declare("SELECT waybill.register_dataset('t')")
    return ledger


def declare(ledger: Ledger, rules: object) -> None:
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute(
        "SELECT waybill.register_dataset('t', transformation => %s)", (json.dumps(rules),)
    )
    ledger.admin.execute("RESET ROLE")


def test_valid_rules_are_part_of_the_contract(ships: Ledger) -> None:
    for rules in VALID:
        declare(ships, rules)
        contract = ships.contract("t")
        Contract.model_validate(contract)
        assert contract["transformation"] == {
            rule: value for rule, value in rules.items() if rule not in ("rename", "formats")
        }


def test_an_invalid_rule_is_refused_with_its_place_and_the_reason(ships: Ledger) -> None:
    ships.admin.execute("SET ROLE waybill_owner")
    for rules, reason in INVALID:
        given = (json.dumps(rules),)
        with pytest.raises(psycopg.Error, match=f"transformation of t: .*{reason}") as error:
            ships.admin.execute("SELECT waybill.register_dataset('t', transformation => %s)", given)
        assert error.value.sqlstate == "WB005"


def test_rules_of_a_source_are_held_to_the_same(ships: Ledger) -> None:
    ships.admin.execute("SET ROLE waybill_owner")
    for rules, reason in INVALID:
        given = (json.dumps(rules),)
        with pytest.raises(psycopg.Error, match=f"transformation of t: .*{reason}"):
            ships.admin.execute("SELECT waybill.assert_transformation('t', %s)", given)


def test_rules_for_a_dataset_that_does_not_exist_are_refused(ledger: Ledger) -> None:
    with pytest.raises(psycopg.Error, match="There is no dataset nowhere"):
        ledger.declare("SELECT waybill.assert_transformation('nowhere', '{}')")


def test_documents_take_no_rules(ledger: Ledger) -> None:
    with pytest.raises(psycopg.Error, match="documents are kept as they come"):
        ledger.declare(
            """SELECT waybill.assert_transformation('ingested_data', '{"trim": ["*"]}')"""
        )


def test_renamed_headers_are_aliases_and_formats_replace_those_of_the_dataset(
    ships: Ledger,
) -> None:
    ships.declare(
        """SELECT waybill.register_dataset('t', aliases => '{"flag": "sign"}',
            formats => '{"built": {"date": "D.M.YYYY"}, "tons": {"decimal": ","}}',
            transformation => '{"rename": {"Call Sign": "sign"},
                "formats": {"built": {"date": "YYYYMMDD"}}}')"""
    )
    contract = ships.contract("t")
    assert contract["aliases"] == {"flag": "sign", "call sign": "sign"}
    assert contract["formats"] == {"built": {"date": "YYYYMMDD"}, "tons": {"decimal": ","}}


def pull(ships: Ledger, job: UUID, rules: object) -> None:
    """Let the job be a run of a source with these rules."""
    ships.admin.execute(
        "WITH made AS (INSERT INTO waybill.data_sources (name, kind, connection, dataset,"
        " transformation) VALUES ('fleet', 'rest', '{}', 't', %s) RETURNING source_id)"
        " INSERT INTO waybill.source_runs (job_id, source_id, name, transformation)"
        " SELECT %s, source_id, 'fleet', %s FROM made",
        (json.dumps(rules), job, json.dumps(rules)),
    )


def test_a_replay_of_rejects_of_a_source_has_its_rules(ships: Ledger) -> None:
    first, replay, other = (ships.land("t", at) for at in (1, 2, 3))
    pull(ships, first, {"upper": ["sign"]})
    ships.admin.execute(
        "UPDATE waybill.ingestion_jobs SET parent_job_id = %s WHERE job_id = %s", (first, replay)
    )
    for job, rules in ((replay, {"upper": ["sign"]}), (other, {})):
        ((contract,),) = ships.rows("SELECT waybill.contract_of_job(%s)", job)
        assert contract["transformation"] == rules


def test_a_job_has_the_rules_of_its_dataset_and_of_its_source(ships: Ledger) -> None:
    declare(ships, {"trim": ["sign"], "null_words": {"sign": ["-"], "hull": ["-"]}})
    job = ships.land("t", 1)
    rules = {"trim": ["hull"], "null_words": {"hull": ["?"]}, "lower": ["sign"]}
    pull(ships, job, {**rules, "rename": {"Port": "Home Port"}})
    ((contract,),) = ships.rows("SELECT waybill.contract_of_job(%s)", job)
    assert contract["transformation"] == {
        "trim": ["sign", "hull"],
        "null_words": {"sign": ["-"], "hull": ["?"]},
        "lower": ["sign"],
    }
    assert contract["aliases"] == {"port": "Home Port"}
    ships.stage(job, "t", [("a", None, None, None, None, None)])
    ((stored,),) = ships.rows("SELECT contract FROM waybill.ingestion_jobs WHERE job_id = %s", job)
    assert stored == contract


def test_filtered_records_are_part_of_the_waybill(ships: Ledger) -> None:
    job = ships.land("t", 1)
    ships.stage(job, "t", [("a", None, None, None, None, None)])
    ships.admin.execute(
        "UPDATE waybill.chunks SET read = 4, filtered = 3 WHERE job_id = %s", (job,)
    )
    ships.merge(job)
    assert ships.waybill(job) == {"read": 4, "inserted": 1, "filtered": 3}


def test_a_chunk_whose_numbers_do_not_add_up_is_refused(ships: Ledger) -> None:
    job = ships.land("t", 1)
    ships.stage(job, "t", [("a", None, None, None, None, None)])
    call = "SELECT waybill.finish_chunk(%s, 0, 4, 1, 0, NULL, '{}', 2)"
    with pytest.raises(psycopg.Error, match="4 records read, 1 staged, 0 rejected, 2 filtered"):
        ships.loader.execute(call, (job,))
    with pytest.raises(psycopg.errors.CheckViolation, match="chunk_balances"):
        ships.admin.execute("UPDATE waybill.chunks SET filtered = 1 WHERE job_id = %s", (job,))
