"""Mutants of CSV with another quote, or with an escape."""

from tests.mutants.mutant import Mutant

ESCAPES = "layers/core/python/waybill/records/escapes.py"
OVERLONG = "layers/core/python/waybill/records/overlong.py"
PARSE = "layers/core/python/waybill/columns/parse.py"
SPLITTER = "layers/core/python/waybill/records/splitter.py"
SPLIT = ("tests/unit/records/test_splitter.py::test_splits_like_the_reference_for_any_block_size",)
NULLS = (
    "tests/unit/columns/test_dialects.py::test_a_null_word_is_compared_as_it_is_written",
    "tests/unit/columns/test_dialects.py::test_a_null_word_may_contain_an_escape",
)
LINES = ("tests/unit/columns/test_dialects.py::test_lines_are_those_of_an_editor",)

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "escaped_escape_escapes",
        "an escape that is escaped escapes nothing",
        ESCAPES,
        "bytearray(data.replace(2 * escape, bytes([_ESCAPE, _ESCAPED])))",
        "bytearray(data)",
        SPLIT,
    ),
    Mutant(
        "escaped_lines_not_counted",
        "lines are those that an editor shows, also after an escaped line ending",
        SPLITTER,
        "if settled is not buffer:",
        "if settled is None:",
        LINES,
    ),
    Mutant(
        "rest_of_overlong_escaped",
        "what is dropped of an over-long record does not depend on where pieces end",
        OVERLONG,
        "if line_end is None or line_end[0] > limit:",
        "if line_end is None:",
        SPLIT,
    ),
    Mutant(
        "null_word_unescaped",
        "a null word is compared with what the file has",
        PARSE,
        "shadow(word.encode(), layout.marks)",
        "word.encode()",
        NULLS,
    ),
)
