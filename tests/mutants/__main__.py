"""`make mutants`: print a line for each mutant; the status is 1 unless all are killed."""

import argparse
import sys

from tests.mutants.catalogue import MUTANTS, SUBJECTS
from tests.mutants.mutant import Mutant
from tests.mutants.run import Result, run_mutants


def main() -> int:
    """Run the named mutants, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("names", nargs="*", help="names of mutants (default: all)")
    parser.add_argument("--part", default="1/1", help="K/N: the Kth of N parts of the mutants")
    parser.add_argument("--workers", type=int, default=1, help="mutants that are run at once")
    arguments = parser.parse_args()
    mutants = _choose(arguments.names, arguments.part)
    results = []
    for result in run_mutants(mutants, arguments.workers):
        results.append(result)
        _report(result)
    killed = _report_subjects(results)
    seconds = sum(result.seconds for result in results)
    _print(f"{killed} of {len(results)} mutants killed in {seconds:.0f} s")
    return 0 if killed == len(results) else 1


def _choose(names: list[str], part: str) -> list[Mutant]:
    unknown = set(names) - {mutant.name for mutant in MUTANTS}
    if unknown:
        sys.exit(f"There is no mutant named {', '.join(sorted(unknown))}.")
    number, parts = map(int, part.split("/"))
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    return chosen[number - 1 :: parts]


def _report(result: Result) -> None:
    mutant = result.mutant
    if result.outcome == "error":
        _print(result.detail)
    by = f" by {result.detail}" if result.outcome == "killed" else ""
    _print(f"{result.outcome:8} {result.seconds:3.0f} s  {mutant.name}: {mutant.promise}{by}")


def _report_subjects(results: list[Result]) -> int:
    """Print how many mutants of each file were killed; gives that of all."""
    killed = {result.mutant for result in results if result.outcome == "killed"}
    _print("\n| file | mutants | killed |\n| --- | --- | --- |")
    for subject, mutants in SUBJECTS.items():
        ran = {result.mutant for result in results} & set(mutants)
        if ran:
            _print(f"| `{subject}` | {len(ran)} | {len(ran & killed)} |")
    return len(killed)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
