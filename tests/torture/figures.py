"""What was done to the loads, and what became of them."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Figures:
    """Faults by kind; records that were sent, and how many of them were lost or doubled."""

    faults: Counter[str] = field(default_factory=Counter)
    facts: dict[str, str] = field(default_factory=dict)
    files: int = 0
    records: int = 0
    losses: int = 0
    doubles: int = 0

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
