"""Which characters may separate and quote fields."""

import string

import pytest

from waybill.records.layout import Layout
from waybill.records.marks import Marks, check_delimiter, check_marks

LAYOUT = Layout(header=False, columns=("a",), data_offset=0, first_line=1)


@pytest.mark.parametrize("mark", [*",;\t|:^~ \x01\x1f\x7f", "-"])
def test_any_ascii_character_separates_fields(mark: str) -> None:
    assert check_delimiter(mark) == mark


@pytest.mark.parametrize("mark", ["", ",,", "a", "Z", "7", "\r", "\n", "\0", "é", "\x80", "§"])
def test_letters_digits_and_line_ends_do_not(mark: str) -> None:
    with pytest.raises(ValueError, match="separate fields"):
        check_delimiter(mark)


@pytest.mark.parametrize("mark", string.punctuation)
def test_punctuation_quotes_and_escapes(mark: str) -> None:
    check_marks(Marks("\t", mark))
    check_marks(Marks("\t", None, mark, has_codes=True))


@pytest.mark.parametrize(
    "marks",
    [
        Marks('"'),
        Marks(",", ","),
        Marks(",", '"', ","),
        Marks(",", '"', '"'),
        Marks(",", "a"),
        Marks(",", "''"),
        Marks(",", ""),
        Marks(",", "\n"),
        Marks(",", '"', "é"),
        Marks("\n"),
        Marks(",", has_codes=True),
    ],
)
def test_ambiguous_marks_are_refused(marks: Marks) -> None:
    with pytest.raises(ValueError, match=r"not|without"):
        check_marks(marks)


def test_a_layout_without_quotes_and_escapes_is_of_the_standard_dialect() -> None:
    stored = LAYOUT.model_dump_json(exclude={"quote", "escape", "escape_codes"})
    assert Layout.model_validate_json(stored).marks == Marks(",", '"', None, has_codes=False)


def test_a_layout_has_distinct_marks() -> None:
    with pytest.raises(ValueError, match="distinct"):
        Layout.model_validate({**LAYOUT.model_dump(), "quote": ","})
