"""The result of a check."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

Outcome = Literal["ok", "wrong", "unknown"]


class Finding(NamedTuple):
    """One check: what was found and, unless it is ok, what to do."""

    check: str
    outcome: Outcome
    found: str
    advice: str = ""


Check = Callable[[], Finding]


def ok(check: str, found: str) -> Finding:
    """A check that found nothing wrong."""
    return Finding(check, "ok", found)


def wrong(check: str, found: str, advice: str) -> Finding:
    """A check that found something to mend."""
    return Finding(check, "wrong", found, advice)


def unknown(check: str, found: str, advice: str) -> Finding:
    """A check that could not be made."""
    return Finding(check, "unknown", found, advice)


def examine(
    checks: Iterable[tuple[str, Check]], expected: tuple[type[Exception], ...]
) -> Iterator[Finding]:
    """Make the checks in order; an `expected` exception leaves its check unknown."""
    for name, check in checks:
        try:
            yield check()
        except expected as error:
            yield unknown(name, f"{type(error).__name__}: {error}", "Mend this, and run it again.")
