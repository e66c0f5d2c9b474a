"""Rejects of records in another dialect say which argument would load them."""

import pytest

from tests.unit.columns.checking import outcome
from tests.unit.columns.contracts import column, contract

THINGS = contract(column("id", "int4"), column("said", "text"))
BACKSLASH = r"declare escape => '\' to load it"
NO_QUOTES = "declare quote => 'none', if the quotes are data, to load it"
NO_QUOTES_AND_BACKSLASH = r"declare quote => 'none', escape => '\' to load it"


def message(text: str, **more: object) -> str:
    """The first reason of the first reject."""
    rejects = outcome(THINGS, text.encode(), **more).rejects
    return str(rejects[min(rejects)]["errors"][0]["message"])


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ('1,"a \\"b\\""\n', BACKSLASH),
        ("1,a\\, b\n", NO_QUOTES_AND_BACKSLASH),
        ("1,'a, b'\n", "declare quote => '''' to load it"),
        ("1,'a\\, b'\n", "declare quote => '''' to load it"),
        ("'1','a'\n'2','b'\n", "declare quote => '''' to load it"),
        ('1,5" pipe\n', NO_QUOTES),
        ('1,5\\" pipe\n', NO_QUOTES),
    ],
)
def test_the_argument_is_named_that_would_load_the_record(text: str, advice: str) -> None:
    assert message(text).endswith(f"; {advice}")


@pytest.mark.parametrize("quote", [None, "'"])
def test_quotes_of_the_standard_are_named_too(quote: str | None) -> None:
    more: dict[str, object] = {"quote": quote}
    assert message('1,"a, b"\n', **more).endswith("; declare quote => '\"' to load it")
    assert message('"1",a\n', **more).endswith("; declare quote => '\"' to load it")


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("1,a,b\n", {}),
        ("1\n", {}),
        ('1,"a" b\n', {}),
        ('1,"a\n', {}),
        ("1,it's, that's\n", {}),
        ("1;x\\;y;z\n", {"delimiter": ";", "escape": "\\", "quote": None}),
        ("x,a\n'1',b\n", {}),
    ],
)
def test_nothing_is_named_without_evidence(text: str, more: dict[str, object]) -> None:
    assert "declare" not in message(text, **more)


def test_without_quotes_the_escape_is_enough() -> None:
    assert message("1,a\\, b\n", quote=None).endswith(f"fields, found 3; {BACKSLASH}")


def test_only_records_with_the_evidence_have_the_advice() -> None:
    found = outcome(THINGS, b'1,"a \\"b\\""\n2,"c" d\n3,e,f\n4,g\\, h\n"5",i\\, j\n').rejects
    messages = {line: str(each["errors"][0]["message"]) for line, each in found.items()}
    assert [line for line, each in messages.items() if each.endswith(BACKSLASH)] == [1]
    assert messages[4].endswith(NO_QUOTES_AND_BACKSLASH)
    assert messages[3] == messages[5] == "expected 2 fields, found 3"
