"""Months become years among loads, reverts and kills, and no row is lost or doubled by it."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.postgres.databases import Database
from tests.stateful.generators import PROVOKED
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
    Machine.template = dataset_template
    before = PROVOKED.copy()
    run_state_machine_as_test(
        FoldMachine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert all(PROVOKED[each] > before[each] for each in PROMISED), PROVOKED
