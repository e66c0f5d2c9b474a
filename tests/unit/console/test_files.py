"""The console's files: what is vendored is what was published, and nothing comes from elsewhere."""

import gzip
import hashlib
import json
import re

import pytest

from infra.local.console import FILES

VENDOR = FILES / "vendor"
_PACKAGES = json.loads((VENDOR / "versions.json").read_text())
_IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*["']([^"']+)["']""")
_BUDGET_BYTES = 100_000
SCRIPTS = sorted(FILES.rglob("*.js"))


def test_every_vendored_file_has_its_recorded_hash() -> None:
    recorded = {name: digest for one in _PACKAGES for name, digest in one["files"].items()}
    present = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.iterdir()
        if file.name != "versions.json"
    }
    assert present == recorded


@pytest.mark.parametrize("package", _PACKAGES, ids=lambda one: one["package"])
def test_every_vendored_package_is_pinned_and_has_its_licence(package: dict[str, str]) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
    assert package["integrity"].startswith("sha512-")
    assert any(name.startswith("LICENSE.") for name in package["files"])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(FILES)))
def test_scripts_import_files_that_are_there(script: object) -> None:
    path = FILES / str(script)
    for name in _IMPORT.findall(path.read_text("utf-8")):
        assert name.startswith("."), name
        assert (path.parent / name).resolve().is_file(), name


def test_the_page_preloads_what_its_first_script_needs() -> None:
    page = (FILES / "index.html").read_text("utf-8")
    preloaded = set(re.findall(r'modulepreload" href="assets/([^"]+)"', page))
    todo = ["app.js"]
    needed: set[str] = set()
    while todo:
        name = todo.pop()
        static = re.findall(r'from\s*"([^"]+)"', (FILES / name).read_text("utf-8"))
        found = {
            str((FILES / name).parent.joinpath(one).resolve().relative_to(FILES)) for one in static
        }
        todo += sorted(found - needed)
        needed |= found
    assert needed <= preloaded
    assert all((FILES / name).is_file() for name in preloaded)


def test_all_files_together_are_below_100_kb_compressed() -> None:
    sizes = {
        str(file.relative_to(FILES)): len(gzip.compress(file.read_bytes(), mtime=0))
        for file in FILES.rglob("*")
        if file.suffix in (".js", ".css", ".html", ".svg")
    }
    assert sum(sizes.values()) < _BUDGET_BYTES, sizes


@pytest.mark.parametrize("file", sorted(FILES.glob("**/*.[jhc]*")), ids=lambda path: path.name)
def test_no_file_names_another_host(file: object) -> None:
    path = FILES / str(file)
    if path.parent == VENDOR:
        return
    hosts = set(re.findall(r"https?://[\w.-]+", path.read_text("utf-8")))
    assert hosts <= {"http://www.w3.org"}
