"""What the emulator unpacks for a process of a function, and how often."""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.local.emulator_unpacking import Packages


def write(file: Path, text: str) -> Path:
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("python/one.py", text)
    return file


def unpack(packages: Packages, file: Path, folder: Path) -> Path:
    """As the emulator does."""
    folder.mkdir(parents=True)
    with packages.ZipFile(str(file)) as package:
        package.namelist()
        package.extractall(str(folder))
    return folder / "python" / "one.py"


def test_processes_share_what_is_the_same(tmp_path: Path) -> None:
    packages = Packages(tmp_path / "packages")
    texts = ("1", "1", "2")
    found = [
        unpack(packages, write(tmp_path / f"{n}.zip", text), tmp_path / f"process-{n}" / "layer")
        for n, text in enumerate(texts)
    ]
    assert [file.read_text() for file in found] == list(texts)
    assert found[0].resolve() == found[1].resolve()
    assert len(list((tmp_path / "packages").iterdir())) == 2
    assert list(tmp_path.glob("*.zip")) == []


def test_names_are_checked_before_a_package_is_unpacked(tmp_path: Path) -> None:
    packages = Packages(tmp_path / "packages")
    file = write(tmp_path / "a.zip", "1")
    assert packages.ZipFile(str(file)).namelist() == ["python/one.py"]
    unpack(packages, file, tmp_path / "layer")
    assert packages.ZipFile(str(write(file, "1"))).namelist() == ()


def test_processes_that_start_at_once_have_all_files(tmp_path: Path) -> None:
    packages = Packages(tmp_path / "packages")
    files = [write(tmp_path / f"{n}.zip", "1") for n in range(16)]

    def start(n: int) -> str:
        return unpack(packages, files[n], tmp_path / f"process-{n}" / "layer").read_text()

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(start, range(16))) == ["1"] * 16


def test_a_damaged_package_is_not_unpacked(tmp_path: Path) -> None:
    packages = Packages(tmp_path / "packages")
    file = write(tmp_path / "a.zip", "1")
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(packages.BadZipFile):
        unpack(packages, file, tmp_path / "layer")
    assert not (tmp_path / "packages").exists()


def test_a_package_that_is_half_unpacked_is_unpacked_again(tmp_path: Path) -> None:
    packages = Packages(tmp_path / "packages")
    file = write(tmp_path / "a.zip", "1")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    part = tmp_path / "packages" / f"{digest}.part"
    part.mkdir(parents=True)
    (part / "old").touch()
    one = unpack(packages, file, tmp_path / "layer")
    assert (one.read_text(), list((tmp_path / "layer").iterdir())) == ("1", [one.parent])


def test_an_earlier_emulators_packages_are_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "packages"
    unpack(Packages(folder), write(tmp_path / "a.zip", "1"), tmp_path / "layer")
    Packages(folder)
    assert not folder.exists()


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o222 for path in (folder, *folder.rglob("*"))}


def test_what_is_shared_is_read_only(tmp_path: Path) -> None:
    one = unpack(
        Packages(tmp_path / "packages"), write(tmp_path / "a.zip", "1"), tmp_path / "layer"
    )
    assert modes(one.resolve().parents[1]) == {0}
    assert one.read_text() == "1"


@pytest.mark.parametrize("name", ["", "{digest}.part"])
def test_what_an_earlier_emulator_left_is_not_used_if_it_cannot_be_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    packages, file = Packages(tmp_path / "packages"), write(tmp_path / "a.zip", "1")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    left = tmp_path / "packages" / name.format(digest=digest)
    left.mkdir(parents=True)

    def rmtree(path: Path, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise PermissionError(path)

    monkeypatch.setattr("shutil.rmtree", rmtree)
    with pytest.raises(PermissionError):
        unpack(packages if name else Packages(left), file, tmp_path / "layer")


# Modes do not bind root. By then all is imported that is needed, and may not be readable any more.
AS_NOBODY = "os.geteuid() or os.setuid(65534)"
SHARED = f"""
import os, zipfile
from pathlib import Path
from infra.local.emulator_unpacking import Packages, discard
zipfile.ZipFile("a.zip").read("python/one.py")
{AS_NOBODY}
Path("layer").mkdir()
with Packages(Path("packages").absolute()).ZipFile("a.zip") as package:
    package.extractall("layer")
for path in ("layer/new", "layer/python/new", "layer/python/one.py"):
    try:
        Path(path).write_text("2")
    except PermissionError:
        continue
    raise SystemExit(path + " can be written")
"""
DOWN = f"""
import os
from pathlib import Path
from infra.local.settings import LocalSettings
from infra.local.stack import Stack
stack = Stack(LocalSettings(waybill_home=Path("home")), print)
{AS_NOBODY}
shared = Path("home/emulator/scratch/packages/a")
for erase in (False, True):
    shared.mkdir(parents=True)
    (shared / "one.py").touch()
    shared.chmod(0o555)
    stack.down(erase=erase)
    if shared.exists():
        raise SystemExit("is still there")
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder in which anybody may write, and a package."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        write(folder / "a.zip", "1").chmod(0o666)
        yield folder


def run(code: str, folder: Path) -> None:
    path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=path, check=True)


@pytest.mark.parametrize("delete", ["discard(Path('packages'))", "Packages(Path('packages'))"])
def test_a_user_cannot_change_what_is_shared_and_can_delete_it(place: Path, delete: str) -> None:
    run(f"{SHARED}\n{delete}", place)
    assert not (place / "packages").exists()


def test_a_stack_that_goes_down_deletes_what_is_shared(place: Path) -> None:
    run(DOWN, place)
    assert not (place / "home").exists()
