"""Quotes and escapes are proposed only where the standard ones fail, and others do not."""

import pytest

from tests.unit.inference.test_infer import infer
from waybill.errors import Rejected

STANDARD = ('"', None, False)
BACKSLASH = (None, "\\", True)
COPY = '1\tAda \\\\ Co\t\\N\n2\tO\'Neil "x"\\tx\t5\n3\t\\N\t6\n'
FILES = {
    "backslashes in quotes": ('id,name\n1,"a \\"b\\", c"\n2,"d"\n', ('"', "\\", False)),
    "single quotes": ("id,name\n1,'a, b'\n2,'it''s'\n", ("'", None, False)),
    "single quotes without need": ("'id','name'\n'1','a'\n'2','b'\n", ("'", None, False)),
    "both": ("id,name\n1,'a\\', b'\n2,'c'\n", ("'", "\\", False)),
    "no quotes": ('id|name\n1|5" pipe\n2|"a" or b\n', (None, None, False)),
    "no quotes beside paths": ('id\tpath\n1\tC:\\new "x"\n2\tD:\\\n', (None, None, False)),
    "no quotes beside backslashes": ('id,name\n1,5\\" pipe\n2,6\\" pipe\n', (None, None, False)),
    "COPY": (COPY, BACKSLASH),
    "Hive": ("1\x01a\x01\\N\n2\x01\\N\x015\n", BACKSLASH),
    "escaped delimiters": ("id,name\n1,a\\, b\n2,c\\\\\n", BACKSLASH),
}


@pytest.mark.parametrize("name", FILES)
def test_what_reads_every_record_is_proposed_with_its_evidence(name: str) -> None:
    text, expected = FILES[name]
    found = infer(text)
    assert (found.quote, found.escape, found.escape_codes) == expected
    assert found.rejected == 0
    (note,) = (note for note in found.notes if note.startswith("quotes:"))
    assert "since with those of RFC 4180" in note
    assert f"-- Q{note[1:40]}" in found.sql.replace("\n--  ", "")


def test_the_arguments_are_written_as_sql() -> None:
    found = infer(COPY)
    assert "delimiter => E'\\t',\n    quote => 'none',\n    escape => E'\\\\',\n" in found.sql
    assert "escape_codes => true,\n    null_words => ARRAY[E'\\\\N']" in found.sql
    assert [(each.type, each.nulls) for each in found.columns] == [
        ("integer", 0),
        ("text", 1),
        ("integer", 1),
    ]
    hive = infer(FILES["Hive"][0])
    assert (hive.delimiter, "delimiter => E'\\x01'" in hive.sql) == ("\x01", True)


@pytest.mark.parametrize(
    "text",
    [
        'id,name\n1,"a, ""b"""\n2,it\'s\n',
        # A path is no escape.
        "id\tpath\n1\tC:\\new\\table\n2\tD:\\\n",
        "id\tpath\n1\tC:\\x\n2\t\\N\n",
        # One value in single quotes proves nothing.
        "id,name\n1,'a'\n2,b\n",
        # \N beside quotes is a word for null like others.
        'id,name\n1,"a"\n2,\\N\n',
        # Malformed in any way to quote.
        'id,name\n1,"a" b\n' + '2,"c"\n' * 9,
        "id,name\n1,a\n2\n3,b,c\n",
        "name\na\nb\n",
    ],
)
def test_the_standard_is_kept_where_nothing_speaks_against_it(text: str) -> None:
    found = infer(text)
    assert (found.quote, found.escape, found.escape_codes) == STANDARD
    assert "quote =>" not in found.sql
    assert "escape =>" not in found.sql


def test_a_file_of_another_format_has_no_quotes() -> None:
    assert infer('{"a": "\'x\'"}\n').quote is None


def test_records_that_no_quotes_read_are_refused_as_ever() -> None:
    with pytest.raises(Rejected, match="no records"):
        infer("\n\n")
