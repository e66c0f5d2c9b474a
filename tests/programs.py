"""Programs that some tests need, and that not every machine has."""

import os
import shutil
from typing import NoReturn

import pytest


def find_program(*names: str) -> str:
    """The path of the first of `names` that is installed; else `require_in_ci`."""
    found = next(filter(None, map(shutil.which, names)), None)
    return found or require_in_ci(f"none of these is installed: {', '.join(names)}")


def require_in_ci(reason: str) -> NoReturn:
    """Skip the test, or fail it in CI, which has every program (`.ci/run`)."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
