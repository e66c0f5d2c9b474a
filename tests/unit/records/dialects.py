"""Dialects of CSV, and texts that are hostile to all of them."""

from hypothesis import strategies as st

from waybill.records.marks import Marks

DIALECTS = {
    "standard": Marks(","),
    "apostrophes": Marks(",", "'"),
    "no quotes": Marks(",", None),
    "quotes and backslashes": Marks(",", '"', "\\"),
    "backslashes": Marks(",", None, "\\"),
    "apostrophes and carets": Marks(",", "'", "^"),
    "codes": Marks(",", None, "\\", has_codes=True),
    "quotes and codes": Marks(",", '"', "\\", has_codes=True),
}
ESCAPED = {name: marks for name, marks in DIALECTS.items() if marks.escape}
dialects = st.sampled_from(sorted(DIALECTS)).map(DIALECTS.__getitem__)
_WORDS = (
    *("Q", "D", "E", "EE", "Q,Q", "QQ", "EQ", "ED", "E\n", "E\r", "E\r\n", "Q\n", "D\n", "EEQ"),
    *("\n", "\r", "\r\n", "a", "EN", "En", "E0", "\0", "é", " "),
)


def hostile(marks: Marks, most: int = 60) -> st.SearchStrategy[bytes]:
    """Texts full of what has a meaning, or would have one in another dialect."""
    quote, escape = marks.quote or '"', marks.escape or "\\"
    words = [
        word.replace("Q", quote).replace("E", escape).replace("D", marks.delimiter).encode()
        for word in _WORDS
    ]
    return st.lists(st.sampled_from([*words, b"'", b'"']), max_size=most).map(b"".join)


hostile_texts = dialects.flatmap(lambda marks: st.tuples(st.just(marks), hostile(marks)))
