import os
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test
from tests.stateful.machine import Machine
from tests.stateful.generators import PROVOKED
from tests.stateful.test_histories import _settings


def test_x(dataset_template):
    Machine.template = dataset_template
    try:
        run_state_machine_as_test(
            seed(int(os.environ["S"]))(Machine),
            settings=_settings(int(os.environ["N"]), derandomize=False),
        )
    finally:
        print(
            {
                k: v
                for k, v in PROVOKED.items()
                if "revert" in k or k in ("files", "duplicates seen")
            }
        )
