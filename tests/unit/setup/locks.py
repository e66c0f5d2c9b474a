"""The locks of the tree: files, and the requirements in them."""

import re
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

from infra.bootstrap import ROOT

RUN = "infra/local/requirements.txt"
TEST = "tests/requirements.txt"
UV = "infra/local/uv.txt"
LAYERS = ("layers/core/requirements.txt", "layers/arrow/requirements.txt")
_ENTRY = re.compile(r"^(?P<requirement>[a-z][^\\\n]+?) \\\n(?P<hashes>(?:    --hash=.+\n?)+)", re.M)


class Locked(NamedTuple):
    """One entry of a lock."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The package's name, as the index spells it."""
        return self.requirement.name

    @property
    def version(self) -> str:
        """The one version that the entry allows."""
        (pin,) = self.requirement.specifier
        assert pin.operator == "=="
        return pin.version

    @property
    def applies(self) -> bool:
        """Whether it is for this interpreter and platform."""
        marker = self.requirement.marker
        return marker is None or marker.evaluate()


def read_lock(path: str, root: Path = ROOT) -> list[Locked]:
    """The entries of a lock, in their order."""
    return [
        Locked(
            Requirement(entry["requirement"]),
            tuple(re.findall(r"sha256:([0-9a-f]{64})", entry["hashes"])),
        )
        for entry in _ENTRY.finditer((root / path).read_text())
    ]
