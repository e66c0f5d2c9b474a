"""`make torture`: all of it, for minutes, with the figures at the end.

A failure ends the run with its seed; a failed history is shrunk and printed as a test.
"""

import argparse
import itertools
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hypothesis import seed

from tests.postgres.databases import Database
from tests.stateful.generators import PROVOKED
from tests.stateful.histories import run_histories
from tests.stateful.machine import Machine
from tests.torture import attempts, faults
from tests.torture.adversarial import measure_corpus
from tests.torture.figures import Figures
from tests.torture.overlap import overlap
from tests.torture.server import own_server

_numbers = itertools.count(1)


def main() -> int:
    """Run every kind of fault; status 1 if one of them was never provoked."""
    given = _arguments()
    _say(f"seed {given.seed}")
    figures = Figures()
    began = time.monotonic()
    if given.corpus:
        _say("adversarial files")
        measure_corpus(figures, _say)
    _database_faults(given, figures)
    _say("disk full")
    try:
        faults.fill_disk(figures)
    except PermissionError as error:
        figures.facts["disk full"] = f"left out: {error}"
    _say(f"{time.monotonic() - began:.0f} seconds, seed {given.seed}\n\n{figures.table()}")
    if unprovoked := figures.unprovoked():
        _say(f"never provoked: {', '.join(unprovoked)}")
        return 1
    return 0


def _database_faults(given: argparse.Namespace, figures: Figures) -> None:
    """Provoke the faults that need a server, each on a fresh database."""
    chance = random.Random(given.seed)
    with own_server() as server:
        template = server.database.clone("template")

        def apart(name: str, work: Callable[[Database], object]) -> None:
            with _phase(name, figures), _copy(template) as database:
                work(database)

        apart("loaders killed", lambda d: faults.kill_loaders(d, figures, given.kills, chance))
        apart("backends ended", lambda d: faults.end_backends(d, figures, given.files, chance))
        apart("connections cut", lambda d: faults.cut_connections(d, figures, given.files, chance))
        apart("memory", lambda d: faults.measure_memory(d, figures, given.megabytes, 2048))
        for queue, step in attempts.STEPS.items():

            def overlapping(database: Database, queue: str = queue) -> None:
                attempts.overlap_attempts(database, figures, queue)

            def killing(database: Database, queue: str = queue) -> None:
                attempts.kill_attempts(database, figures, queue)

            # A database for each pass: the same keys and versions land in all of them.
            for _ in range(given.overlaps):
                apart(f"two live attempts: {step}", overlapping)
            apart(f"attempts killed: {step}", killing)
        apart(
            "most attempts killed",
            lambda d: attempts.kill_most_attempts(d, figures, given.calls, chance),
        )
        # Bounded, since each file is held against all others at the end.
        for _ in range(given.rounds):
            apart("everybody at once", lambda d: overlap(d, figures, given.seconds, chance))
        with _phase("histories", figures):
            _histories(template, figures, given.histories, given.seed)
        with _phase("PostgreSQL killed", figures):
            faults.kill_servers(server, figures, given.crashes, chance)


def _histories(template: Database, figures: Figures, count: int, number: int) -> None:
    run_histories(seed(number)(Machine), template, count, steps=40, derandomize=False)
    figures.files += PROVOKED.pop("files", 0)
    figures.records += PROVOKED.pop("records", 0)
    figures.add_histories(PROVOKED)
    PROVOKED.clear()
    figures.facts["histories held against the model"] = str(count)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make torture ARGS=…")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument(
        "--no-corpus", dest="corpus", action="store_false", help="no adversarial files"
    )
    parser.add_argument("--kills", type=int, default=200, help="loaders to kill")
    parser.add_argument("--files", type=int, default=6, help="files per kind of connection fault")
    parser.add_argument("--crashes", type=int, default=20, help="kills of PostgreSQL")
    parser.add_argument("--seconds", type=float, default=60, help="of a round of everybody at once")
    parser.add_argument("--rounds", type=int, default=4, help="of everybody at once")
    parser.add_argument("--overlaps", type=int, default=4, help="passes of two live attempts")
    parser.add_argument("--calls", type=int, default=1000, help="attempts to kill at a call")
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--megabytes", type=int, default=256, help="of the file that is measured")
    return parser.parse_args()


def _say(what: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {what}\n")
    sys.stdout.flush()


@contextmanager
def _phase(name: str, figures: Figures) -> Iterator[None]:
    """Say what is done and then what it provoked, so that a run that is ended early tells too."""
    _say(name)
    before = figures.faults + figures.effects
    yield
    for kind, count in sorted((figures.faults + figures.effects - before).items()):
        _say(f"  {kind}: {count:,}")


@contextmanager
def _copy(template: Database) -> Iterator[Database]:
    database = template.clone(f"tortured_{next(_numbers)}")
    try:
        yield database
    finally:
        database.drop()


if __name__ == "__main__":
    sys.exit(main())
