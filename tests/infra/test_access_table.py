from collections.abc import Callable

import pytest

from tests.infra.access_table import table, written
from tests.infra.template import Synthesised


def test_the_readme_lists_what_each_function_may_touch(
    synthesise: Callable[[str], Synthesised],
) -> None:
    assert written() == table(synthesise("dev"))


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_the_access_is_the_same_in_every_environment_on_aws(
    synthesise: Callable[[str], Synthesised], environment: str
) -> None:
    assert table(synthesise(environment)) == table(synthesise("dev"))
