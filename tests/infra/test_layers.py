import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.bootstrap import ROOT
from infra.layers.packages import core_layer, lock_of, packages
from infra.layers.size import LIMIT_BYTES, heaviest_function, size_of
from tests.infra.template import Synthesised

TAGS = re.compile(r"(cp313-cp313|cp3\d+-abi3)-manylinux\w*_x86_64|py3-none-any|py2-none-any")


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The layers as they are deployed; the packages are fetched the first time."""
    core = core_layer(tmp_path_factory.mktemp("layers"))
    others = {name: packages(name) / "python" for name in ("arrow", "auth", "cache")}
    return {"core": core / "python", **others}


def test_functions_with_all_layers_fit(layers: dict[str, Path]) -> None:
    together = sum(map(size_of, layers.values())) + heaviest_function()
    assert together < LIMIT_BYTES


def test_wheels_are_for_lambda(layers: dict[str, Path]) -> None:
    for folder in layers.values():
        tags = [
            line.removeprefix("Tag: ")
            for wheel in folder.glob("*.dist-info/WHEEL")
            for line in wheel.read_text().splitlines()
            if line.startswith("Tag: ")
        ]
        assert tags
        assert not [tag for tag in tags if not TAGS.fullmatch(tag)]


def test_libraries_are_for_x86_64_and_python_3_13(layers: dict[str, Path]) -> None:
    for folder in layers.values():
        for library in folder.rglob("*.so*"):
            head = library.read_bytes()[:20]
            assert head[:5] == b"\x7fELF\x02"
            assert head[18:20] == (62).to_bytes(2, "little"), library  # x86-64
            if ".cpython-" in library.name:
                assert ".cpython-313-x86_64-" in library.name


def test_layers_contain_exactly_the_locked_packages(layers: dict[str, Path]) -> None:
    for name, folder in layers.items():
        locked = re.findall(r"^([\w.-]+)==(\S+) ", lock_of(name).read_text(), re.MULTILINE)
        found = {path.name.removesuffix(".dist-info") for path in folder.glob("*.dist-info")}
        assert {f"{n.replace('-', '_')}-{v}".lower() for n, v in locked} == {
            one.lower() for one in found
        }


def test_locks_satisfy_the_lists_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    expected_rows = {
        "core": project["dependencies"],
        "arrow": project["optional-dependencies"]["arrow"],
        "cache": project["optional-dependencies"]["cache"],
    }
    for name, lines in expected_rows.items():
        locked = dict(re.findall(r"^([\w.-]+)==(\S+) ", lock_of(name).read_text(), re.MULTILINE))
        for requirement in map(Requirement, lines):
            assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), (
                requirement
            )


def test_the_library_and_sql_are_in_the_core_layer(layers: dict[str, Path]) -> None:
    package = layers["core"] / "waybill"
    for folder, place in (("layers/core/python/waybill", package), ("sql", package / "sql")):
        kept = {path.relative_to(ROOT / folder) for path in (ROOT / folder).rglob("*.*")}
        there = {path.relative_to(place) for path in place.rglob("*.*")}
        assert not {path for path in kept if "__pycache__" not in path.parts} - there
    assert not [path for path in package.rglob("*.pyc") if ".cpython-313." not in path.name]


def test_auroras_root_certificates_are_in_the_core_layer(layers: dict[str, Path]) -> None:
    bundle = (layers["core"] / "waybill" / "rds-global-bundle.pem").read_text()
    assert bundle.count("BEGIN CERTIFICATE") >= 20


def test_locally_the_layer_is_our_own_code_only(
    synthesise: Callable[[str], Synthesised],
) -> None:
    local = synthesise("local")
    assert len(local.of_type("AWS::Lambda::LayerVersion")) == 1
    layer = local.folder / "sources" / "layers" / "core-own" / "python"
    assert [path.name for path in layer.iterdir()] == ["waybill"]
    assert (layer / "waybill" / "sql" / "queries").is_dir()
