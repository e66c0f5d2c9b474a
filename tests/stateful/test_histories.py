"""Whatever happens, every file is loaded exactly once, in landing order."""

import os
import random

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.postgres.databases import Database
from tests.stateful.machine import Machine


def _settings(examples: int, *, derandomize: bool) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        database=None,
        derandomize=derandomize,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


def test_fixed_histories_end_as_the_model_predicts(dataset_template: Database) -> None:
    Machine.template = dataset_template
    run_state_machine_as_test(Machine, settings=_settings(12, derandomize=True))


def test_random_histories_end_as_the_model_predicts(dataset_template: Database) -> None:
    """`WAYBILL_SEED` repeats a failure; the seed is printed with it."""
    number = int(os.environ.get("WAYBILL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
    print(f"WAYBILL_SEED={number}")  # noqa: T201 - shown by pytest when the test fails
    Machine.template = dataset_template
    run_state_machine_as_test(seed(number)(Machine), settings=_settings(10, derandomize=False))
