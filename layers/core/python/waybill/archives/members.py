"""The files in an archive, what is left out of it, and limits."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from waybill.errors import Rejected

ArchiveFormat = Literal["zip", "tar", "tar.gz", "tar.bz2", "tar.zst"]
_MAX_NAME = 1000
_SHOWN = 100
# What systems add to archives and folders.
_SYSTEM_FOLDER = "__MACOSX"
_SYSTEM_FILES = frozenset([".DS_Store", "Thumbs.db", "desktop.ini"])
_SYSTEM_PREFIX = "._"


class ArchiveLimits(NamedTuple):
    """Limits of an archive."""

    members: int = 1000
    """Members that are loaded; and as many folders and other entries that are left out."""
    output_bytes: int = 20 * 1024**3
    """Bytes of all members together."""
    ratio: int = 200
    """Maximum output bytes per input byte, after the first 10 MiB."""


class Member(NamedTuple):
    """A file in an archive."""

    position: int
    """Among the members that are not left out, from 1."""
    name: str
    """Its path as the archive has it. Nothing is ever written to that path."""
    size_bytes: int


class Listing(NamedTuple):
    """The members of an archive, in order."""

    members: Sequence[Member]
    left_out: int
    """Number of folders, links and files of the system."""


class Lister:
    """Collects the entries of an archive, one by one."""

    def __init__(self, limits: ArchiveLimits) -> None:
        self._limits = limits
        self._members: list[Member] = []
        self._left_out = 0
        self._bytes = 0

    def add(self, name: str, size_bytes: int, *, is_file: bool) -> Member | None:
        """The entry as a member; None if it is left out.

        Raises:
            Rejected: `too-many-members` or `decompression-limit`.
        """
        if not is_file or is_system_file(name):
            self._left_out += 1
            self._check_count(self._left_out)
            return None
        self._bytes += size_bytes
        if self._bytes > self._limits.output_bytes:
            detail = f"The archive holds more than {self._limits.output_bytes} bytes."
            raise Rejected("decompression-limit", detail)
        member = Member(len(self._members) + 1, shown_name(name), size_bytes)
        self._members.append(member)
        self._check_count(len(self._members))
        return member

    def _check_count(self, count: int) -> None:
        if count > self._limits.members:
            detail = f"The archive has more than {self._limits.members} members."
            raise Rejected("too-many-members", detail)

    def listing(self) -> Listing:
        """All of them.

        Raises:
            Rejected: `empty-archive`, or `duplicate-members`: which one counts is not guessed.
        """
        if not self._members:
            detail = "The archive contains no files, or only folders and files of the system."
            raise Rejected("empty-archive", detail)
        refuse_duplicates(member.name for member in self._members)
        return Listing(self._members, self._left_out)


def refuse_duplicates(names: Iterable[str]) -> None:
    """Refuse two members of one name.

    Raises:
        Rejected: `duplicate-members`.
    """
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        shown = ", ".join(repr(name[:_SHOWN]) for name in repeated[:10])
        raise Rejected("duplicate-members", f"The archive has several members named {shown}.")


def is_system_file(name: str) -> bool:
    """Whether a system added the file, as macOS and Windows do."""
    *folders, last = name.replace("\\", "/").split("/")
    return (
        _SYSTEM_FOLDER in folders
        or last in _SYSTEM_FILES
        or last.startswith(_SYSTEM_PREFIX)
        or not last
    )


def shown_name(name: str) -> str:
    """The name as it can be stored and shown."""
    text = name.encode(errors="surrogateescape").decode(errors="replace")
    return text.replace("\0", "\ufffd")[:_MAX_NAME]
