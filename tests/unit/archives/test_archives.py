"""Archives are listed and read within limits; what is damaged or dangerous is refused."""

import io
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cloud.archive_files import Files, streamed_zip, tar_gz, tarred, zipped
from waybill.archives.detect import detect_archive
from waybill.archives.members import ArchiveLimits, Listing
from waybill.archives.range_file import MAX_READ_BYTES, RangeFile
from waybill.archives.tar_archive import TarArchive
from waybill.archives.zip_archive import ZipArchive
from waybill.errors import Rejected
from waybill.records.compression import Limits, decompressed

SMALL = ArchiveLimits(members=5, output_bytes=20 * 1024**2)
FILES = {"a.csv": b"x" * 70_000, "b/": b"", "b/c.csv": b"", "b/d": bytes(range(256)) * 300}


def ranges(data: bytes) -> RangeFile:
    def open_range(begin: int, end: int) -> Iterator[bytes]:
        return (data[at : min(at + 1000, end)] for at in range(begin, end, 1000))

    return RangeFile(open_range, len(data))


def zip_of(data: bytes, limits: ArchiveLimits = SMALL) -> ZipArchive:
    return ZipArchive(ranges(data), limits)  # type: ignore[arg-type]


def tar_of(data: bytes, limits: ArchiveLimits = SMALL) -> TarArchive:
    return TarArchive((data[at : at + 1000] for at in range(0, len(data), 1000)), limits)


def read(
    open_archive: Callable[[], ZipArchive | TarArchive], positions: frozenset[int] | None = None
) -> dict[str, bytes]:
    members = {member.position: member.name for member in open_archive().listing().members}
    chosen = frozenset(members) if positions is None else positions
    return {
        members[position]: b"".join(content)
        for position, content in open_archive().contents(chosen)
    }


@pytest.mark.parametrize("pack", [zipped, streamed_zip, lambda files: zipped(files, 0)])
def test_zip_members_are_read(pack: Callable[[Files], bytes]) -> None:
    data = pack(FILES)
    expected = {name: content for name, content in FILES.items() if not name.endswith("/")}
    assert detect_archive(data[:100]) == "zip"
    assert read(lambda: zip_of(data)) == expected
    assert read(lambda: zip_of(data), frozenset([3])) == {"b/d": FILES["b/d"]}
    assert zip_of(data).listing().left_out == 1


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_members_are_read(form: int) -> None:
    files = {**FILES, "é" * 45 + ".csv": b"1"}
    data = tarred(files, form)
    expected = {name: content for name, content in files.items() if not name.endswith("/")}
    assert detect_archive(data[:600]) == "tar"
    assert read(lambda: tar_of(data)) == expected
    assert read(lambda: tar_of(data), frozenset([2])) == {"b/c.csv": b""}


def test_tar_inside_a_compression_is_found() -> None:
    assert detect_archive(tar_gz(FILES)[:400]) == "tar.gz"
    assert detect_archive(b"\x1f\x8b\x08") is None
    assert detect_archive(b"x" * 257 + b"ustar  and a text") is None
    assert detect_archive(b"PK,SK\n1,2\n") is None


@given(
    st.dictionaries(
        st.text("abc/é. ", min_size=1, max_size=8).map(lambda name: f"f{name}f"),
        st.binary(max_size=3000),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([zipped, streamed_zip, tarred]),
)
def test_what_was_packed_is_read(files: dict[str, bytes], pack: Callable[[Files], bytes]) -> None:
    data = pack(files)
    is_tar = detect_archive(data[:1024]) == "tar"
    found = read(lambda: tar_of(data) if is_tar else zip_of(data))
    assert list(found.values()) == list(files.values())


@given(st.data(), st.sampled_from([zipped, tarred]))
def test_damage_is_refused_or_harmless(data: st.DataObject, pack: Callable[[Files], bytes]) -> None:
    files = {"a.csv": b"one", "b.csv": b"two" * 50}
    whole = bytearray(pack(files))
    is_tar = pack is tarred
    if data.draw(st.booleans()):
        damaged = bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    else:
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
        damaged = bytes(whole)
    try:
        found = read(lambda: tar_of(damaged) if is_tar else zip_of(damaged))
    except Rejected:
        return
    # A tar has no checksum of its contents; nothing else may be lost.
    assert len(found) == 2 or b"".join(found.values()) == b""


@pytest.mark.parametrize("cut", [1, 600, 1024, 9000, 10240])
def test_a_truncated_tar_is_refused(cut: int) -> None:
    data = tarred({"a.csv": b"x" * 600, "b.csv": b"y" * 600})
    end = len(data.rstrip(b"\0"))
    with pytest.raises(Rejected, match="corrupt-file"):
        tar_of(data[: max(end - cut, 512)]).listing()
    with pytest.raises(Rejected, match="corrupt-file"):
        tar_of(data[: (end + 511) // 512 * 512]).listing()


def test_joined_tars_are_refused() -> None:
    with pytest.raises(Rejected, match="Were archives joined"):
        tar_of(tarred({"a": b"1"}) + tarred({"b": b"1"})).listing()


def encrypted() -> bytes:
    data = bytearray(zipped({"a.csv": b"1"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def doubled() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.csv", "2")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (encrypted(), "encrypted-archive"),
        (zipped({"a": b"x" * 100}, zipfile.ZIP_LZMA), "unsupported-file"),
        (zipped({"a": bytes(15 * 1024**2)}), "decompression-limit"),
        (zipped({str(n): bytes(9 * 1024**2) for n in range(2)}), "decompression-limit"),
        (zipped({str(n): b"" for n in range(6)}), "too-many-members"),
        (zipped({f"{n}/": b"" for n in range(6)}), "too-many-members"),
        (zipped({str(n): bytes(11 * 1024**2) for n in range(2)}, 0), "decompression-limit"),
        (zipped({"__MACOSX/a": b"1", "._b": b"2", ".DS_Store": b"3"}), "empty-archive"),
        (zipped({}), "empty-archive"),
        (zipped({"a": b"1"})[:-10], "corrupt-file"),
    ],
)
def test_dangerous_zips_are_refused(data: bytes, code: str) -> None:
    with pytest.raises(Rejected, match=code):
        zip_of(data).listing()


def test_members_of_one_name_are_refused() -> None:
    with pytest.raises(Rejected, match="duplicate-members"):
        zip_of(doubled()).listing()


def test_a_lying_directory_is_refused() -> None:
    data = bytearray(zipped({"a": b"x" * 5000}))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(Rejected, match="corrupt-file"):
        read(lambda: zip_of(bytes(data)))


def test_an_entry_that_the_directory_hides_is_missed() -> None:
    data = bytearray(zipped({"a.csv": b"one", "b.csv": b"two" * 50}))
    # The comment of the first entry covers the second one.
    at = data.index(b"PK\x01\x02") + 32
    data[at] = 46 + len("b.csv")
    with pytest.raises(Rejected, match="as many entries"):
        zip_of(bytes(data))


def test_links_and_devices_are_left_out() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in (("l", tarfile.SYMTYPE), ("h", tarfile.LNKTYPE), ("c", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        archive.addfile(tarfile.TarInfo("a.csv"))
    listing: Listing = tar_of(buffer.getvalue()).listing()
    assert ([member.name for member in listing.members], listing.left_out) == (["a.csv"], 3)


def test_a_huge_header_is_refused_before_it_is_read() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1024**3
    with pytest.raises(Rejected, match="64 KiB"):
        tar_of(info.tobuf(tarfile.USTAR_FORMAT)).listing()


def extension(kind: bytes, text: bytes) -> bytes:
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, len(text)
    return info.tobuf(tarfile.GNU_FORMAT) + text.ljust(512, b"\0")


@pytest.mark.parametrize(
    "extensions",
    [
        2000 * extension(tarfile.GNUTYPE_LONGNAME, b"a\0"),
        extension(tarfile.XHDTYPE, b"11 size=-1\n"),
    ],
    ids=["many", "a negative size"],
)
def test_harmful_extensions_of_headers_are_refused(extensions: bytes) -> None:
    with pytest.raises(Rejected, match="corrupt-file"):
        tar_of(extensions + tarred({"a.csv": b""})).listing()


def test_a_tar_bomb_is_refused_while_it_is_read() -> None:
    bomb = tar_gz({"a": bytes(15 * 1024**2)})
    blocks = decompressed([bomb], "gzip", Limits(20 * 1024**2, 200))
    with pytest.raises(Rejected, match="decompression-limit"):
        TarArchive(blocks, SMALL).listing()


def test_a_large_directory_is_not_read() -> None:
    file = ranges(bytes(MAX_READ_BYTES + 1))
    with pytest.raises(Rejected, match="too-many-members"):
        file.read()


def test_a_member_is_read_in_constant_memory() -> None:
    data = zipped({"a": bytes(range(256)) * 80_000}, 0)
    tracemalloc.start()
    try:
        for _, content in zip_of(data).contents(frozenset([1])):
            assert sum(map(len, content)) == 256 * 80_000
        assert tracemalloc.get_traced_memory()[1] < 6 * 1024**2
    finally:
        tracemalloc.stop()
