"""Counts of the injected faults and of their effects."""

from collections import Counter
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
    "load: two live attempts",
    "load: attempt refused, another is live",
    "merge: two live attempts",
    "merge: attempt refused, another is live",
    "history: message doubled",
    "history: message lost",
    "history: killed",
    "history: suspended",
)
"""A run that provoked none of one of these proves nothing about it, and fails."""


@dataclass
class Figures:
    """Faults by kind; records that were sent, and how many of them were lost or doubled."""

    faults: Counter[str] = field(default_factory=Counter)
    facts: dict[str, str] = field(default_factory=dict)
    files: int = 0
    records: int = 0
    losses: int = 0
    doubles: int = 0

    def unprovoked(self) -> list[str]:
        """The kinds of fault that must happen and did not."""
        return [kind for kind in MUST_HAPPEN if not self.faults[kind]]

    def table(self) -> str:
        lines = [(kind, f"{count:,}") for kind, count in sorted(self.faults.items())]
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
