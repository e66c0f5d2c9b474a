"""Each environment is synthesised once a session."""

from collections.abc import Callable
from functools import cache

import pytest
from aws_cdk import App

from infra.app import build, context
from infra.environments import ENVIRONMENTS, choose
from tests.infra.template import Synthesised

ON_AWS = [name for name in ENVIRONMENTS if name != "local"]


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Synthesised]:
    @cache
    def once(name: str) -> Synthesised:
        folder = tmp_path_factory.mktemp(name)
        unstaged = {"aws:cdk:disable-asset-staging": True}
        app = App(outdir=str(folder), context={**context(), **unstaged}, analytics_reporting=False)
        build(app, choose(name))
        app.synth()
        return Synthesised.read(name, folder)

    return once


@pytest.fixture(params=list(ENVIRONMENTS))
def synthesised(
    request: pytest.FixtureRequest, synthesise: Callable[[str], Synthesised]
) -> Synthesised:
    return synthesise(request.param)


@pytest.fixture(params=ON_AWS)
def on_aws(request: pytest.FixtureRequest, synthesise: Callable[[str], Synthesised]) -> Synthesised:
    return synthesise(request.param)
