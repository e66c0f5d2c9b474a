"""Runs random histories of a machine; the number of its steps is the same for all."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.postgres.databases import Database
from tests.stateful.machine import Machine


def run_histories(
    machine: type[Machine], template: Database, count: int, *, derandomize: bool = True
) -> None:
    """Run `count` histories, each on a copy of the template.

    They are the same ones each time, unless `derandomize` is false.

    Raises:
        AssertionError: one ends otherwise than the model predicts.
    """
    Machine.template = template
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=count,
            stateful_step_count=25,
            deadline=None,
            database=None,
            derandomize=derandomize,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
