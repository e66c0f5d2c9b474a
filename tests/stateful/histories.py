"""Runs random histories of a machine."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.postgres.databases import Database
from tests.stateful.machine import Machine


def run_histories(
    machine: type[Machine],
    template: Database,
    count: int,
    *,
    steps: int = 25,
    derandomize: bool = True,
) -> None:
    """Run `count` histories of at most so many steps, each on a copy of the template.

    They are the same ones each time, unless `derandomize` is false.

    Raises:
        AssertionError: one ends otherwise than the model predicts.
    """
    Machine.template = template
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=count,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=derandomize,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
