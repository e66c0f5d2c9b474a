"""Loads are taken back, in any order, and what is left is as if they had never landed."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.postgres.databases import Database
from tests.stateful.generators import PROVOKED
from tests.stateful.machine import Machine

_RARE = ("request_upload", "crash", "lose", "forget", "redrive", "pass_time",
         "resume", "overwrite", "land_corrupt_file",
         "land_gauges", "change_while_folding", "fold", "give_up_fold")  # fmt: skip
REVERTED = "reverts done"
# Without the rules that other histories are about, so that most steps load or revert.
RevertMachine = type("RevertMachine", (Machine,), dict.fromkeys(_RARE))


def test_histories_with_reverts_end_as_the_model_predicts(dataset_template: Database) -> None:
    Machine.template = dataset_template
    before = PROVOKED[REVERTED]
    run_state_machine_as_test(
        RevertMachine,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert PROVOKED[REVERTED] > before
