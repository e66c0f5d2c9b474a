"""The same records give the same rows in every dialect, encoding, compression and format."""

import bz2
import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import File, read_file
from waybill.contract.model import Contract
from waybill.errors import BadRequest, Rejected
from waybill.records.compression import decompressed, detect_compression

PEOPLE = contract(
    column("id", "int4", nullable=False),
    column("name", "text", nullable=False),
    column("note", "text"),
    aliases={"identity": "id"},
)
Row = tuple[int, str, str | None]
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "zstd": zstd.compress,
    "two members": lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:]),
}
ENCODINGS = [
    ("utf-8", "utf-8", None),
    ("utf-8-sig", "utf-8", None),
    ("utf-16", "utf-16-le", None),
    ("utf-16-be", "utf-16-be", "UTF-16BE"),
    ("utf-16-le", "utf-16-le", "utf-16-le"),
    ("latin-1", "latin-1", "ISO-8859-1"),
    ("cp1252", "windows-1252", "windows-1252"),
]
names = st.text(st.sampled_from('aZé ñÿ"\n;,|\t{['), min_size=1, max_size=8)
rows = st.lists(
    st.tuples(st.integers(-(2**31), 2**31 - 1), names, st.none() | names), min_size=1, max_size=9
)


def as_csv(given: list[Row], delimiter: str) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL)
    writer.writerow(["NAME", "identity", "Note"])
    for number, name, note in given:
        # In quotes, so that it is kept as it is; nothing at all is null.
        cells = [f'"{text.replace(chr(34), chr(34) * 2)}"' if text else "" for text in (name, note)]
        out.write(f"{cells[0]}{delimiter}{number}{delimiter}{cells[1]}\n")
    return out.getvalue()


def as_json(given: list[Row], form: str) -> str:
    objects = [{"Identity": i, "name": name, "NOTE": note} for i, name, note in given]
    if form == "array":
        return json.dumps(objects, ensure_ascii=False, indent=2)
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in objects)


@given(
    rows,
    st.sampled_from([",", ";", "\t", "|", "lines", "array"]),
    st.sampled_from(ENCODINGS),
    st.sampled_from(sorted(PACKINGS)),
    st.tuples(st.integers(1, 60), st.none() | st.integers(1, 60)),
)
@settings(max_examples=400, deadline=None)
def test_the_same_records_give_the_same_rows(
    given_rows: list[Row],
    form: str,
    encoding: tuple[str, str, str | None],
    packing: str,
    sizes: tuple[int, int | None],
) -> None:
    codec, found, declared = encoding
    text = as_csv(given_rows, form) if len(form) == 1 else as_json(given_rows, form)
    data = PACKINGS[packing](text.encode(codec))

    file = read_file(PEOPLE, data, block=sizes[0], chunk_bytes=sizes[1], encoding=declared)

    assert file.values == given_rows
    assert (file.layout.encoding, file.layout.warnings) == (found, ())
    if form == "array":
        assert [row["_waybill_line"] for row in file.rows] == list(range(1, len(given_rows) + 1))


def read(
    data: bytes,
    things: Contract = PEOPLE,
    *,
    block: int = 1 << 20,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> File:
    return read_file(things, data, block=block, delimiter=delimiter, encoding=encoding)


@pytest.mark.parametrize(
    ("data", "delimiter"),
    [
        (b"1;Ann;x\n2;Bob;y\n", ";"),
        (b"1\tAnn\tx\n", "\t"),
        (b"id|name\n1|Ann, Bob; Eve\n", "|"),
        (b"note;NAME;id\nx;Ann,Bob;1\n", ";"),
        # Three fields with either delimiter, but only one gives an integer first.
        (b"1,5;2,5;3\n", ","),
        (b"1;a,b;c,d\n2;a,b;c,d\n", ";"),
        (b"id;name;note\n1;a,b;c,d\n", ";"),
        (b'1,"a;b",c\n2,"a;b;c",c\n', ","),
    ],
)
def test_the_delimiter_is_the_only_one_that_fits(data: bytes, delimiter: str) -> None:
    layout = read(data).layout
    assert (layout.delimiter, layout.warnings) == (delimiter, ())


@pytest.mark.parametrize("data", [b"1:Ann:x\n", b"1;Ann;x;y\n"])
def test_a_file_that_no_delimiter_fits_is_refused(data: bytes) -> None:
    with pytest.raises(Rejected, match="unknown-columns"):
        read(data)


def test_the_request_overrides_the_contract_and_the_file() -> None:
    pipes = PEOPLE.model_copy(update={"delimiter": "|", "encoding": "latin-1"})
    assert read("1|é|".encode("latin-1"), pipes).values == [(1, "é", None)]
    assert read("1;ñ|;".encode("cp1252"), pipes, delimiter=";", encoding="cp1252").values == [
        (1, "ñ|", None)
    ]
    assert read("1,é,".encode()).values == [(1, "é", None)]


def test_a_byte_order_mark_overrides_the_declared_encoding_with_a_warning() -> None:
    layout = read("\ufeff1,é,".encode(), encoding="latin-1").layout
    assert layout.encoding == "utf-8"
    assert "latin-1" in layout.warnings[0]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_undeclared_utf_16_is_refused(codec: str) -> None:
    with pytest.raises(Rejected, match="undeclared-encoding"):
        read("1,a,\n".encode(codec))


@pytest.mark.parametrize("name", ["ebcdic", "utf-16", "utf-32", "utf-7"])
def test_unsupported_encodings_are_refused(name: str) -> None:
    with pytest.raises(BadRequest, match="bad-encoding"):
        read(b"1,a,", encoding=name)


@pytest.mark.parametrize(
    ("data", "declared", "code", "raw"),
    [
        (b"1,a,\n2,\x81\xe9,\n3,c,", "windows-1252", "invalid_encoding", b"2,\x81\xc3\xa9,"),
        (
            "1,a,\n2,".encode("utf-16-le") + b"\x00\xd8" + ",\n3,c,".encode("utf-16-le"),
            "utf-16-le",
            "invalid_encoding",
            b"2,\xed\xa0\x80,",
        ),
        (b"1,a,\n2,\xe9,\n3,c,", None, "invalid_utf8", b"2,\xe9,"),
        ('{"id":1,"name":"a"}\n{"id":\x81}\n{"id":3,"name":"c"}'.encode("latin-1"),
         "cp1252", "invalid_encoding", b'{"id":\x81}'),
    ],
)  # fmt: skip
def test_undecodable_records_are_rejected_one_by_one(
    data: bytes, declared: str | None, code: str, raw: bytes
) -> None:
    file = read(data, encoding=declared)
    assert [row["id"] for row in file.rows] == [1, 3]
    assert file.codes(2) == [(None, code)]
    assert file.rejects[2]["raw"] == raw


def test_a_truncated_character_at_the_end_belongs_to_the_last_record() -> None:
    file = read("1,a,\n2,b,".encode("utf-16") + b"\x00")
    assert file.codes(2) == [(None, "invalid_encoding")]


@pytest.mark.parametrize("packing", ["gzip", "bzip2", "zstd"])
def test_compressed_files_that_are_cut_short_or_damaged_fail(packing: str) -> None:
    text = "".join(f"{n},name {n * 7919 % 1013},\n" for n in range(5000)).encode()
    data = PACKINGS[packing](text)
    for broken in (data[:-5], data[: len(data) // 2], data + b"junk"):
        with pytest.raises(Rejected, match="corrupt-file"):
            read(broken)
    assert read(data).read == 5000


@pytest.mark.parametrize("packing", ["gzip", "bzip2", "zstd"])
def test_a_decompression_bomb_is_refused(packing: str) -> None:
    bomb = PACKINGS[packing](b"1,a,\n" * 5_000_000)
    with pytest.raises(Rejected, match="decompression-limit"):
        read(bomb, block=1000)


@pytest.mark.parametrize("packing", ["gzip", "bzip2", "zstd"])
def test_a_connection_that_breaks_is_not_a_damaged_file(packing: str) -> None:
    def blocks() -> Iterator[bytes]:
        yield PACKINGS[packing](b"1,a,\n" * 5000)[:20]
        raise ConnectionResetError

    compression = detect_compression(PACKINGS[packing](b"x"))
    assert compression is not None
    with pytest.raises(ConnectionResetError):
        list(decompressed(blocks(), compression))
