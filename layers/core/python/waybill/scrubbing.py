"""Removes values of records, addresses and credentials from text that is logged or reported.

Messages of PostgreSQL quote the values that it refuses, and a traceback ends with the message.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

MASK = "[removed]"
# PostgreSQL does not double the quotes inside: a value ends where the message does.
_QUOTED = r'"(?s:.*?)"(?=[ \t]*(?:\n[A-Z]+\b|\Z))'
# For each: a text in lower case that it needs, the pattern, and what its groups keep; everything
# else of the match is a value. Most texts have none of the first, and to look for these costs a
# fiftieth of the patterns.
_PATTERNS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("key (", re.compile(r"(Key \([^)]*\)=)\(.*\)(?=[ .]|$)", re.MULTILINE), rf"\1({MASK})"),
    ("failing row", re.compile(r"(Failing row contains )\(.*\)", re.DOTALL), rf"\1({MASK})"),
    (
        "invalid input ",
        re.compile(rf"(invalid input (?:syntax|value)[^:\n]*: ){_QUOTED}"),
        rf"\1{MASK}",
    ),
    ("out of range: ", re.compile(rf"(out of range: ){_QUOTED}"), rf"\1{MASK}"),
    ("is out of range", re.compile(r'(value )"[^\n]*"( is out of range)'), rf"\1{MASK}\2"),
    (" literal: ", re.compile(rf"(malformed \w+ literal: ){_QUOTED}"), rf"\1{MASK}"),
    (
        "copy ",
        re.compile(rf"(COPY \S+, line \d+(?:, column [^:\n]+)?: ){_QUOTED}"),
        rf"\1{MASK}",
    ),
    # The text of the statement, which may be composed with literals.
    ("line ", re.compile(r"(LINE \d+: ).*"), rf"\1{MASK}"),
    ("token ", re.compile(r"(Token ).*"), rf"\1{MASK}"),
    ("json data", re.compile(r"(JSON data, line \d+: ).*"), rf"\1{MASK}"),
    (
        "input_value=",
        re.compile(r"input_value=.*?(?=, input_type=)", re.DOTALL),
        f"input_value={MASK}",
    ),
    ("bearer", re.compile(r"(?i)(\bbearer\s+)[\w.~+/=-]+"), rf"\1{MASK}"),
    ("eyj", re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), MASK),
    ("://", re.compile(r"(\w+://[^\s:/@]+:)[^\s@/]+@"), rf"\1{MASK}@"),
    (
        "x-amz-",
        re.compile(r"(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s\"']+"),
        rf"\1{MASK}",
    ),
    ("@", re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), MASK),
)


def scrub(text: str) -> str:
    """`text` without values of records, e-mail addresses, tokens, passwords and signatures."""
    lowered = text.lower()
    for needed, pattern, kept in _PATTERNS:
        if needed in lowered:
            text = pattern.sub(kept, text)
    return text


def scrub_all(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """The same for every text in a structure of mappings and sequences."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {key: scrub_all(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [scrub_all(each) for each in value]
    return value
