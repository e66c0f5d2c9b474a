"""Months become years among loads, reverts and kills, and no row is lost or doubled by it."""

from tests.postgres.databases import Database
from tests.stateful.generators import PROVOKED
from tests.stateful.histories import run_histories
from tests.stateful.machine import Machine

_RARE = ("land", "request_upload", "forget", "redrive", "overwrite", "land_corrupt_file",
         "batch", "replay", "upload", "land_again", "land_drifted", "land_archive",
         "cancel", "lose", "pass_time", "crash", "reap", "revert", "refresh", "double")  # fmt: skip
PROMISED = tuple(
    f"fold steps {step}" for step in ("begun", "copied", "changed", "folded", "killed")
)
# Without the rules that other histories are about.
FoldMachine = type("FoldMachine", (Machine,), dict.fromkeys(_RARE))


def test_histories_with_folds_end_as_the_model_predicts(dataset_template: Database) -> None:
    before = PROVOKED.copy()
    run_histories(FoldMachine, dataset_template, 40)
    assert all(PROVOKED[each] > before[each] for each in PROMISED), PROVOKED
