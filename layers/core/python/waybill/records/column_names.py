"""Compare header cells and JSON keys with the column names and aliases of a contract."""

import unicodedata
from collections import Counter
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache

from waybill.contract.model import Contract

# PostgreSQL names have at most 63 bytes; a longer cell is a value.
_LONGEST_NAME = 500
_NEAR, _NEAREST = 0.8, 0.5
_SHORTEST_TYPO = 5
_COMPARED = 100
_INVISIBLE = ("Cf", "Cc")


@lru_cache(maxsize=10_000)
def normalise(name: str) -> str:
    """The name in NFKC, case-folded, without invisible characters and surplus blanks."""
    text = unicodedata.normalize("NFKC", name)
    visible = "".join(
        char for char in text if char.isspace() or unicodedata.category(char) not in _INVISIBLE
    )
    folded = unicodedata.normalize("NFKC", " ".join(visible.split()).casefold())
    # The dot of the Turkish capital: PostgreSQL, which folds the aliases, may drop it.
    return folded.replace("i\u0307", "i")


@lru_cache(maxsize=10_000)
def letters(name: str) -> str:
    """The letters and digits of the normalised name, without diacritics."""
    return "".join(
        char for char in unicodedata.normalize("NFKD", normalise(name)) if char.isalnum()
    )


class ColumnNames:
    """The names and aliases of a contract's columns, for comparisons."""

    def __init__(self, contract: Contract) -> None:
        names = {column.name: column.name for column in contract.columns}
        aliases = {normalise(alias): column for alias, column in contract.aliases.items()}
        self._exact = frozenset(names)
        # Two columns may differ only in case: then only the exact name matches.
        counts = Counter(map(normalise, names))
        unique = {normalise(name): name for name in names if counts[normalise(name)] == 1}
        self._columns = {**aliases, **dict.fromkeys(counts), **unique}
        self._letters = {
            letters(name): column
            for name, column in {**contract.aliases, **names}.items()
            if column != contract.rescued
        }
        self._words = [set(_words(name)) for name in (*contract.aliases, *names)]

    def find(self, cell: str) -> str | None:
        """The column whose name or alias the cell is, after normalisation; None if there is none.

        A cell that is the name of several columns but for its case is none of them.
        """
        cell = cell.strip()
        if cell in self._exact:
            return cell
        return None if len(cell) > _LONGEST_NAME else self._columns.get(normalise(cell))

    def is_same(self, cell: str) -> bool:
        """Whether the cell has the letters of a name, ignoring diacritics and punctuation."""
        return len(cell) <= _LONGEST_NAME and bool(letters(cell)) and letters(cell) in self._letters

    def is_near(self, cell: str) -> bool:
        """Whether the cell is a name, nearly a name, or contains all its words."""
        if len(cell) > _COMPARED or not letters(cell):
            return False
        words = set(_words(cell))
        return (
            self.is_same(cell)
            or any(name and name <= words for name in self._words)
            or self._is_misspelt(letters(cell))
        )

    def _is_misspelt(self, text: str) -> bool:
        if len(text) < _SHORTEST_TYPO:
            return False
        candidates = [name for name in self._letters if len(name) >= _SHORTEST_TYPO]
        return bool(get_close_matches(text, candidates, 1, _NEAR))

    def nearest(self, cell: str) -> str | None:
        """The column with the most similar name, if there is a similar one."""
        text = letters(cell[:_COMPARED])
        ratio, column = max(
            (
                (SequenceMatcher(None, text, name).ratio(), column)
                for name, column in self._letters.items()
            ),
            default=(0.0, None),
        )
        return column if ratio >= _NEAREST else None


def _words(name: str) -> list[str]:
    spaced = "".join(char if char.isalnum() else " " for char in normalise(name))
    return spaced.split()
