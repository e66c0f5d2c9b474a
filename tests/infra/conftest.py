"""Each environment is synthesised once a session."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from infra.checks import nag
from infra.environments import ENVIRONMENTS
from tests.infra.template import Synthesised

ON_AWS = [name for name in ENVIRONMENTS if name != "local"]


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder with the templates and the report of cdk-nag, by environment."""

    @cache
    def once(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        nag.synthesise(name, folder)
        return folder

    return once


@pytest.fixture(scope="session")
def synthesise(folder_of: Callable[[str], Path]) -> Callable[[str], Synthesised]:
    return cache(lambda name: Synthesised.read(name, folder_of(name)))


@pytest.fixture(params=list(ENVIRONMENTS))
def synthesised(
    request: pytest.FixtureRequest, synthesise: Callable[[str], Synthesised]
) -> Synthesised:
    return synthesise(request.param)


@pytest.fixture(params=ON_AWS)
def on_aws(request: pytest.FixtureRequest, synthesise: Callable[[str], Synthesised]) -> Synthesised:
    return synthesise(request.param)
