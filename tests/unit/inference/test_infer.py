"""What is proposed for a file, and why."""

import io
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from waybill.errors import Rejected
from waybill.inference.file_sample import FileSample
from waybill.inference.infer import infer_dataset
from waybill.inference.model import Inferred, InferredColumn


def infer(data: bytes | str, *, whole: bool = True) -> Inferred:
    raw = data.encode() if isinstance(data, str) else data
    return infer_dataset(FileSample(lambda: iter([raw]), whole=whole), "things.csv")


def column(*values: object) -> InferredColumn:
    """The column proposed for these values, beside a number."""
    lines = "".join(f'{at},"{value}"\n' for at, value in enumerate(values))
    return infer(f"id,value\n{lines}").columns[1]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("1", "-2"), "integer"),
        (("1", "2000000000"), "bigint"),
        (("1", "9223372036854775808"), "numeric"),
        (("01234", "99999"), "text"),
        (("0", "10", ""), "integer"),
        (("1.50", "2"), "numeric"),
        (("12E4", "7"), "text"),
        (("1e-5", "7"), "numeric"),
        (("true", "false"), "boolean"),
        (("0", "1"), "integer"),
        (("t", "t"), "text"),
        (("2024-02-29", "2023-01-01"), "date"),
        (("2023-02-29", "2023-01-01"), "text"),
        (("2024-02-29T10:00:00", "2024-02-29 10:00:00.5"), "timestamp"),
        (("2024-02-29T10:00:00Z", "2024-02-29 10:00:00+02"), "timestamptz"),
        (("2024-02-29T10:00:00Z", "2024-02-29T10:00:00"), "text"),
        (("9:05", "23:59:59.5"), "time"),
        (("24:05", "1:00"), "text"),
        (("6f9619ff-8b86-d011-b42d-00c04fc964ff",), "uuid"),
        (("NaN", "NA"), "text"),
        (("20240101", "20240102"), "integer"),
    ],
)
def test_types(values: tuple[str, ...], expected: str) -> None:
    assert column(*values).type == expected


def test_a_date_that_may_be_two_is_text_and_both_formats_are_named() -> None:
    ambiguous = column("01/02/2024", "03/04/2024")
    assert (ambiguous.type, ambiguous.format) == ("text", None)
    assert "ambiguous: MM/DD/YYYY or DD/MM/YYYY reads every value" in ambiguous.evidence
    clear = column("01/02/2024", "13/04/2024")
    assert clear.type == "date"
    assert clear.format is not None
    assert clear.format.date == "DD/MM/YYYY"


def test_a_number_that_may_be_two_is_text() -> None:
    assert column("1,234", "5,678").type == "text"
    assert column("1,234", "5,67").format is not None
    assert column("1,234.5", "5,678").type == "numeric"


def test_words_for_null_are_declared_where_the_other_values_have_a_type() -> None:
    typed = column("NA", "4", "-", "")
    assert (typed.type, typed.null_words, typed.nulls) == ("integer", ["-", "NA"], 3)
    text = column("NA", "Kenya")
    assert (text.type, text.null_words) == ("text", [])
    assert "'NA' 1 times: kept as text" in text.evidence


def test_no_value_of_the_file_is_in_the_proposal() -> None:
    proposal = infer("id,mail\n1,ada@example.com\n2,bo@example.com\n")
    assert "example" not in proposal.model_dump_json()
    assert "e-mail addresses: consider `personal`" in proposal.columns[1].evidence


def test_names_that_become_one_identifier_are_numbered() -> None:
    marks = "!#$%"
    header = ",".join(f"a{mark}" for mark in marks)
    names = [each.name for each in infer(f"{header},a_3\n1,2,3,4,5\n").columns]
    assert names == ["a", "a_2", "a_4", "a_5", "a_3"]


def test_names_become_identifiers() -> None:
    names = [
        each.name
        for each in infer("Größe in €,2nd,user,ID,id,xmin,,b b\n" + "1," * 7 + "1\n").columns
    ]
    assert names == ["grosse_in", "column_2nd", "user", "ID", "id", "xmin_", "column_7", "b_b"]
    assert '"user" integer' in infer("user,b\n1,2\n").sql


def test_a_name_cannot_leave_its_comment_or_its_literal() -> None:
    sql = infer('id,"a\'b\\c); --"\n1,2\n').sql
    assert "E'{\"a''b" in sql
    sql = infer('id,"a\n DROP TABLE x"\n1,2\n').sql
    assert not any(line.startswith(" DROP") for line in sql.splitlines())
    with pytest.raises(Rejected) as refused:
        infer('{"id": 1, "\\u0000": 2}')
    assert refused.value.code == "unusable-name"


def test_a_key_needs_a_name_or_the_first_place() -> None:
    keys = {tuple(key.columns): key.proposed for key in infer("n,order_no,x\n3,9,1\n3,8,2\n").keys}
    assert keys == {("order_no",): True, ("x",): False}
    pairs = infer("order_id,line_no,x\n1,1,x\n1,2,x\n2,1,x\n").keys
    assert [(key.columns, key.proposed) for key in pairs] == [(["order_id", "line_no"], True)]


def test_of_a_beginning_the_last_record_is_left_out_and_nothing_is_required() -> None:
    lines = "".join(f"{n},{date(2024, 1, 1 + n)}\n" for n in range(20))
    cut = infer(f"id,day\n{lines}21,2024-0", whole=False)
    assert (cut.records, cut.complete) == (20, False)
    assert [(each.type, each.required) for each in cut.columns] == [
        ("integer", True),
        ("date", False),
    ]
    whole = infer(f"id,day\n{lines}")
    assert [each.required for each in whole.columns] == [True, True]


def test_a_binary_file_is_refused_by_name() -> None:
    file = io.BytesIO()
    parquet.write_table(pa.table({"a": [1]}), file)
    with pytest.raises(Rejected) as refused:
        infer(file.getvalue())
    assert (refused.value.code, "parquet" in refused.value.detail) == ("whole-file-needed", True)


def test_a_time_that_every_record_has_may_partition() -> None:
    lines = "".join(f"{n},{2000 + n}-01-01\n" for n in range(20))
    found = infer(f"id,day\n{lines}").partition
    assert found is not None
    assert (found.column, found.unit, found.partitions, found.proposed) == (
        "day",
        "year",
        20,
        False,
    )


@pytest.mark.parametrize("data", [b"", b"\n\n", b"a,b\n", b"[1, 2]", b"PK\x03\x04xl/", b"\0\1\2"])
def test_what_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(Rejected):
        infer(data)


_CELLS = st.one_of(
    st.sampled_from(["", "NA", "-", "0", "007", "1", "1,5", "1.5", "yes", "true", "12/11/2020"]),
    st.integers().map(str),
    st.dates().map(str),
    st.datetimes().map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)


@given(st.lists(st.lists(_CELLS, min_size=3, max_size=3), min_size=1, max_size=12))
def test_whatever_a_file_has_its_proposal_reads_every_record(rows: list[list[str]]) -> None:
    """`infer_dataset` reads the file again with the proposal, and degrades what does not fit."""
    text = "".join(
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n"
        for row in [["first", "second", "third"], *rows]
    )
    proposal = infer(text)
    assert (proposal.records, proposal.rejected) == (len(rows), 0)
    evidence = [note for each in proposal.columns for note in each.evidence]
    assert not any("not every value is" in note for note in evidence)
