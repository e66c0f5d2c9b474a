"""Loads are taken back, in any order, and what is left is as if they had never landed."""

from tests.postgres.databases import Database
from tests.stateful.generators import PROVOKED
from tests.stateful.histories import run_histories
from tests.stateful.machine import Machine

_RARE = ("request_upload", "crash", "lose", "forget", "redrive", "pass_time",
         "resume", "overwrite", "land_corrupt_file",
         "land_gauges", "change_while_folding", "fold", "give_up_fold")  # fmt: skip
REVERTED = "reverts done"
# Without the rules that other histories are about, so that most steps load or revert.
RevertMachine = type("RevertMachine", (Machine,), dict.fromkeys(_RARE))


def test_histories_with_reverts_end_as_the_model_predicts(dataset_template: Database) -> None:
    before = PROVOKED[REVERTED]
    run_histories(RevertMachine, dataset_template, 12)
    assert PROVOKED[REVERTED] > before
