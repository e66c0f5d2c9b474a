"""Counts of the injected faults and of their effects."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

MUST_HAPPEN = (
    "loader killed (SIGKILL)",
    "backend terminated",
    "connection cut",
    "connection stalled and cut",
    "connection cut after COMMIT was sent",
    "PostgreSQL killed (SIGKILL)",
    "plan: two live attempts",
    "plan: attempt refused, another is live",
    "plan: attempt killed at a call",
    "plan: attempt killed at random",
    "load: two live attempts",
    "load: attempt refused, another is live",
    "load: attempt killed at a call",
    "load: attempt killed at random",
    "merge: two live attempts",
    "merge: attempt refused, another is live",
    "merge: attempt killed at a call",
    "merge: attempt killed at random",
    "at once: message doubled",
    "at once: message lost",
    "at once: killed",
    "at once: suspended",
    "history: message doubled",
    "history: message lost",
    "history: killed",
    "history: suspended",
)
"""A run that provoked none of one of these proves nothing about it, and fails."""

_FAULTS_OF_HISTORIES = (
    "batches faulty",
    "database crashed",
    "files after their upload expired",
    "killed",
    "message doubled",
    "message gone for good",
    "message lost",
    "replays killed after their file",
    "replays killed before their file",
    "suspended",
)


@dataclass
class Figures:
    """Faults by kind; records that were sent, and how many of them were lost or doubled."""

    faults: Counter[str] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)
    """What came of them, and what was done beside them."""
    facts: dict[str, str] = field(default_factory=dict)
    files: int = 0
    records: int = 0
    losses: int = 0
    doubles: int = 0

    def unprovoked(self) -> list[str]:
        """The kinds of fault that must happen and did not."""
        return [kind for kind in MUST_HAPPEN if not (self.faults[kind] or self.effects[kind])]

    def add_histories(self, provoked: Mapping[str, int]) -> None:
        """Count what random histories did."""
        for kind, count in provoked.items():
            counter = self.faults if kind in _FAULTS_OF_HISTORIES else self.effects
            counter[f"history: {kind}"] += count

    def table(self) -> str:
        lines = [(kind, f"{count:,}") for kind, count in sorted(self.faults.items())]
        lines.append(("faults", f"{self.faults.total():,}"))
        lines += [(kind, f"{count:,}") for kind, count in sorted(self.effects.items())]
        totals = {
            "files": self.files,
            "records": self.records,
            "losses": self.losses,
            "doubles": self.doubles,
        }
        lines += [(name, f"{count:,}") for name, count in totals.items()]
        lines += list(self.facts.items())
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name:<{width}}  {value:>12}" for name, value in lines)
