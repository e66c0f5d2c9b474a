"""The templates name the folder of each function and layer, as `sam local invoke` needs them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.bootstrap import ROOT
from infra.functions import FUNCTIONS
from tests.infra.template import Synthesised

_CODE = {"AWS::Lambda::Function": "Code", "AWS::Lambda::LayerVersion": "Content"}


@pytest.fixture
def dev(synthesise: Callable[[str], Synthesised]) -> Synthesised:
    return synthesise("dev")


def _folder(found: Synthesised, name: str) -> Path:
    resource = found.resources[name]
    metadata = resource["Metadata"]
    assert metadata["aws:asset:property"] == _CODE[resource["Type"]]
    return found.folder / str(metadata["aws:asset:path"])


def test_each_function_names_the_folder_with_its_handler(dev: Synthesised) -> None:
    for step, name in dev.logical_names().items():
        handler = str(dev.functions()[step]["Handler"]).rpartition(".")[0].replace(".", "/")
        assert (_folder(dev, name) / f"{handler}.py").is_file(), step


def test_each_layer_names_the_folder_with_its_packages(dev: Synthesised) -> None:
    layers = dev.of_type("AWS::Lambda::LayerVersion")
    folders = {name: _folder(dev, name) for name in layers}
    assert all((folder / "python").is_dir() for folder in folders.values())
    (core,) = (folder for name, folder in folders.items() if name.startswith("Core"))
    assert (core / "python/waybill/sql/queries").is_dir()


def test_each_function_has_an_event_to_invoke_it_with() -> None:
    for step in FUNCTIONS:
        assert isinstance(json.loads((ROOT / f"events/{step}.json").read_text()), dict)
