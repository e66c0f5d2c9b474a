"""Whatever happens, every file is loaded exactly once, in landing order."""

import os
import random

from hypothesis import seed

from tests.postgres.databases import Database
from tests.stateful.histories import run_histories
from tests.stateful.machine import Machine


def test_fixed_histories_end_as_the_model_predicts(dataset_template: Database) -> None:
    run_histories(Machine, dataset_template, 12)


def test_random_histories_end_as_the_model_predicts(dataset_template: Database) -> None:
    """`WAYBILL_SEED` repeats a failure; the seed is printed with it."""
    number = int(os.environ.get("WAYBILL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
    print(f"WAYBILL_SEED={number}")  # noqa: T201 - shown by pytest when the test fails
    run_histories(seed(number)(Machine), dataset_template, 10, derandomize=False)
