"""Print the outcomes of each suite as a Markdown table."""

import sys
from collections import Counter

from tests.conformance.outcomes import DIFFERS, REFUSED, SAME, outcome_of
from tests.conformance.suites import cases


def main() -> None:
    """Print one line per suite, then each case that differs or is refused."""
    found = [(case, outcome_of(case)) for case in cases()]
    kinds = Counter((case.suite, outcome.kind) for case, outcome in found)
    sys.stdout.write(f"| suite | files | {SAME} | {REFUSED} | {DIFFERS} |\n|---|---|---|---|---|\n")
    for suite in dict.fromkeys(case.suite for case, _ in found):
        counts = [kinds[suite, kind] for kind in (SAME, REFUSED, DIFFERS)]
        cells = " | ".join(map(str, [sum(counts), *counts]))
        sys.stdout.write(f"| {suite} | {cells} |\n")
    for case, outcome in found:
        if outcome.kind != SAME:
            why = ", ".join(outcome.codes)
            sys.stdout.write(f"{case.suite}: {case.name}: {outcome.kind}: {why}\n")


if __name__ == "__main__":
    main()
