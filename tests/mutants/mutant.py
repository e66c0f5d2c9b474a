"""A mutant: one change of the product, and the tests that must fail with it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """In `file`, `before` occurs exactly once; with `after` instead, one of `tests` fails."""

    name: str
    promise: str
    """What the product no longer does with the mutant."""
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
    """Node ids of pytest; without parameters, all of them are run."""

    def count_matches(self, root: Path) -> int:
        """How often `before` occurs in the file; 0 if there is no such file."""
        path = root / self.file
        return path.read_text("utf-8").count(self.before) if path.is_file() else 0

    def apply(self, root: Path) -> None:
        """Change the file.

        Raises:
            ValueError: `before` does not occur exactly once.
        """
        if self.count_matches(root) != 1:
            raise ValueError(f"{self.name}: its text does not occur exactly once in {self.file}")
        path = root / self.file
        path.write_text(path.read_text("utf-8").replace(self.before, self.after), "utf-8")
