"""Rules that change the text of fields before it is checked, and leave records out."""

import json
from typing import Any

import pytest

from tests.unit.columns.checking import outcome
from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import read_file
from waybill.columns.cells import CellChecker
from waybill.contract.model import Contract


def orchard(**rules: Any) -> Contract:
    """Trees of an orchard: a key, a sort, a state that is an enum, a yield and notes."""
    return contract(
        column("tree", "int4", nullable=False),
        column("sort", "text"),
        column("state", "orchard_state"),
        column("kilos", "numeric"),
        column("notes", "jsonb"),
        transformation=rules,
    )


def cells(contract: Contract, data: bytes) -> list[tuple[Any, ...]]:
    """The staged values, without chunk and line."""
    return [tuple(row.values())[2:] for row in outcome(contract, data).rows]


def test_without_rules_nothing_changes() -> None:
    assert cells(orchard(), b'1," Alba ",Old,2,\n') == [(1, " Alba ", "Old", "2", None)]


def test_trim_removes_white_space_of_quoted_and_unquoted_text() -> None:
    data = '1,"\u00a0 Alba\t\n",Old,2,\n'.encode()
    assert cells(orchard(trim=["sort"]), data)[0][1] == "Alba"


def test_a_value_that_is_only_white_space_is_null_unless_its_column_is_text() -> None:
    trimmed = orchard(trim=["*"])
    assert cells(trimmed, b'1,"  "," ","  ",\n') == [(1, "", None, None, None)]


def test_trim_leaves_json_as_it_is() -> None:
    assert cells(orchard(trim=["*"]), b'1,a,b,2,"  [1]"\n')[0][4] == "  [1]"


def test_null_words_hold_for_quoted_text_too() -> None:
    rules = orchard(null_words={"sort": ["none"], "*": ["?"]})
    assert cells(rules, b'1,"none",?,"?",\n2,None,x,3,"""?"""\n') == [
        (1, None, None, None, None),
        (2, "None", "x", "3", '"?"'),
    ]


def test_an_empty_text_can_be_a_null_word() -> None:
    rules = orchard(trim=["sort"], null_words={"sort": [""]})
    assert cells(rules, b'1,"  ",,,\n')[0][1] is None


def test_a_null_word_in_a_required_column_is_a_reject() -> None:
    found = outcome(orchard(null_words={"tree": ["-"]}), b"1,a,,,\n-,b,,,\n")
    assert found.codes(2) == [("tree", "required")]
    assert found.rejects[2]["values"]["tree"] == "-"


def test_lower_and_upper_case_every_letter() -> None:
    rules = orchard(lower=["sort"], upper=["state"])
    found = cells(rules, "1,\u00c4PFEL \u03a3,old,,\n".encode())
    assert found[0][1:3] == ("\u00e4pfel \u03c3", "OLD")


def test_a_star_lowers_text_columns_only() -> None:
    assert cells(orchard(lower=["*"]), b'1,ALBA,OLD,1E3,"{""A"": 1}"\n') == [
        (1, "alba", "OLD", "1E3", '{"A": 1}')
    ]


def test_rules_run_in_a_fixed_order() -> None:
    rules = orchard(
        filter=[{"column": "sort", "in": ["alba"]}],
        lower=["sort"],
        null_words={"sort": ["NONE"]},
        trim=["sort"],
    )
    found = outcome(rules, b'1," ALBA ",,,\n2," NONE ",,,\n3,none,,,\n')
    assert [row["tree"] for row in found.rows] == [1]
    assert found.filtered == 2


def test_what_the_rules_have_changed_they_do_not_change_again() -> None:
    """A record that the table rejects is replayed with the values that it had there."""
    rules = orchard(lower=["*"], upper=["state"], null_words={"sort": ["n/a"], "state": ["NO"]})
    once = cells(rules, b"1,N/A,no,,\n2,Alba,old,,\n")
    assert once == [(1, None, None, None, None), (2, "alba", "OLD", None, None)]
    again = "".join(f"{tree},{sort or ''},{state or ''},,\n" for tree, sort, state, *_ in once)
    assert cells(rules, again.encode()) == once


@pytest.mark.parametrize(
    ("condition", "trees"),
    [
        ({"column": "sort", "in": ["alba", "boskop"]}, [1, 2]),
        ({"column": "sort", "not_in": ["alba"]}, [2, 3, 4]),
        ({"column": "sort", "like": "%o_"}, [2]),
        ({"column": "sort", "not_like": "b%"}, [1, 3, 4]),
        ({"column": "sort", "like": r"50\%"}, [4]),
        ({"column": "sort", "filled": True}, [1, 2, 4]),
        ({"column": "sort", "filled": False}, [3]),
        ({"column": "state", "in": ["x"]}, []),
    ],
)
def test_a_filter_keeps_the_records_for_which_it_holds(
    condition: dict[str, Any], trees: list[int]
) -> None:
    found = outcome(orchard(filter=[condition]), b"1,alba,,,\n2,boskop,,,\n3,,,,\n4,50%,,,\n")
    assert [row["tree"] for row in found.rows] == trees
    assert found.filtered == 4 - len(trees)
    assert not found.rejects


def test_like_matches_over_line_breaks() -> None:
    rules = orchard(filter=[{"column": "sort", "like": "a%a"}])
    assert [row["tree"] for row in outcome(rules, b'1,"a\nb\na",,,\n').rows] == [1]


def test_all_conditions_must_hold() -> None:
    rules = orchard(
        filter=[{"column": "sort", "like": "a%"}, {"column": "state", "not_in": ["felled"]}]
    )
    found = outcome(rules, b"1,alba,felled,,\n2,alba,old,,\n3,boskop,old,,\n")
    assert ([row["tree"] for row in found.rows], found.filtered) == ([2], 2)


def test_a_filtered_record_is_not_checked_and_lines_stay_exact() -> None:
    rules = orchard(filter=[{"column": "sort", "not_in": ["TOTAL"]}])
    found = outcome(rules, b'1,"a\nb",,,\nx,TOTAL,,many,\n2,c,,many,\n1,2\n3,d,,1,\n')
    assert found.filtered == 1
    assert [row["_waybill_line"] for row in found.rows] == [1, 6]
    assert found.rejects[4]["raw"] == b"2,c,,many,"
    assert found.codes(4) == [("kilos", "invalid_number")]
    assert found.rejects[5]["raw"] == b"1,2"


def test_a_reject_shows_the_value_of_the_file() -> None:
    found = outcome(orchard(trim=["*"], lower=["sort"]), b'1," ALBA ",," many ",\n')
    assert found.rejects[1]["values"]["sort"] == " ALBA "
    assert found.rejects[1]["values"]["kilos"] == " many "


def test_json_records_are_filtered_and_keep_what_they_lack() -> None:
    rules = orchard(filter=[{"column": "sort", "filled": True}], lower=["sort"])
    lines = [
        {"tree": 1, "sort": "ALBA"},
        {"tree": 2},
        {"tree": 3, "sort": None, "kilos": 4},
        {"tree": 4, "sort": "Boskop", "kilos": 5},
    ]
    data = "\n".join(map(json.dumps, lines)).encode()
    found = read_file(rules, data)
    assert [(row["tree"], row["sort"]) for row in found.rows] == [(1, "alba"), (4, "boskop")]
    assert found.absent == ['["state", "kilos", "notes"]', '["state", "notes"]']
    assert found.filtered == 2


def test_a_column_that_the_file_lacks_is_null_to_a_filter() -> None:
    data = b"tree,kilos\n1,2\n"
    assert read_file(orchard(filter=[{"column": "sort", "filled": False}]), data).filtered == 0
    assert read_file(orchard(filter=[{"column": "sort", "in": ["a"]}]), data).filtered == 1


def test_null_words_count_when_a_file_without_header_is_recognised() -> None:
    rules = orchard(null_words={"tree": ["-"], "kilos": ["k.A."]})
    found = read_file(rules, b"17,2021-03-04,old,k.A.,\n18,2021-03-05,old,k.A.,\n")
    assert [row["tree"] for row in found.rows] == [17, 18]


def test_rows_of_a_batch_follow_the_same_rules() -> None:
    rules = orchard(trim=["*"], lower=["sort"], filter=[{"column": "sort", "not_in": ["total"]}])
    given: list[dict[str, str | None]] = [
        {"tree": "1", "sort": " ALBA ", "kilos": " 2 "},
        {"tree": "x", "sort": "TOTAL", "kilos": None},
        {"tree": "y", "sort": "b", "kilos": None},
    ]
    checked = CellChecker(rules).check(["tree", "sort", "kilos"], given)
    assert [texts[0] for texts in checked.texts.values()] == ["1", "alba", "2"]
    assert checked.filtered == {1}
    assert list(checked.errors) == [2]


def test_a_published_contract_keeps_its_rules() -> None:
    rules = orchard(filter=[{"column": "sort", "in": ["a"]}], null_words={"sort": ["-"]})
    assert Contract.model_validate_json(rules.model_dump_json()) == rules
