"""What the emulator unpacks for a process of a function, and how often."""

import hashlib
import zipfile
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
