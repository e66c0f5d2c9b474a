"""Whatever happens, every file is loaded exactly once, in the order of landing."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.postgres.databases import Database
from tests.stateful.machine import Machine


def test_random_histories_end_as_the_model(dataset_template: Database) -> None:
    Machine.template = dataset_template
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
