"""The result of `load_steps` as a part of a page."""

from collections.abc import Mapping
from typing import Any

from tests.benchmarks.kept import table

READ, WRITE = "read and check, nothing written", "+ references (attached)"
STAGE = "the same through a stage"
READ_HALF, WRITE_HALF = "half bad: read and check", "half bad: write the others"
REJECTS = "half bad: rejects into their table"
Case = Mapping[str, Mapping[str, Any]]


def cost(run: Mapping[str, Any]) -> float:
    """CPU seconds of client and server."""
    return float(run["cpu"] + run["server_cpu"])


def sums(case: Case) -> dict[str, float]:
    """CPU seconds of loaders that check every record, and do no more than they must."""
    once, staged, half = (READ, WRITE), (READ, STAGE), (READ_HALF, REJECTS, WRITE_HALF)
    parts = {"written once": once, "written through a stage": staged, "half bad": half}
    return {name: sum(cost(case[each]) for each in steps) for name, steps in parts.items()}


def page(cases: Mapping[str, Case], line: str) -> str:
    """A table and what follows from it, for each case."""
    return f"{line}\n" + "".join(
        f"\n{_table(unit, case)}\n{_conclusion(unit, case)}\n" for unit, case in cases.items()
    )


def _table(unit: str, case: Case) -> str:
    rows = []
    for step, run in case.items():
        values = (run["cpu"], run["server_cpu"], cost(run), run["seconds"])
        rows.append([step, *(f"{value:.2f}" for value in values)])
    rows += [[f"**sum: {name}**", "", "", f"{total:.2f}", ""] for name, total in sums(case).items()]
    return table([f"by {unit}", "CPU s, client", "server", "both", "seconds"], rows)


def _conclusion(unit: str, case: Case) -> str:
    copy, expert = cost(case[r"\copy"]), cost(case["expert's script"])
    found = sums(case)
    once, staged, half = found.values()
    ours, ours_half = cost(case["Waybill"]), cost(case["Waybill, half bad"])
    return (
        f"By {unit}, at most {copy / once:.2f} times `\\copy` and {expert / once:.2f} times the"
        f" expert's script, through a stage {copy / staged:.2f} and {expert / staged:.2f}; Waybill:"
        f" {copy / ours:.2f} and {expert / ours:.2f}. Half bad costs at least {half / once:.2f}"
        " times as much as none bad, where rows are written once;"
        f" Waybill: {ours_half / ours:.2f}."
    )
