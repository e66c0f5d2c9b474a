"""Other tools, each loading a file of hires in a process of its own, as its users start it.

`python3 -m venv .build/peers && .build/peers/bin/pip install -r
tests/benchmarks/loaders/requirements.txt` installs them; pgloader is a package of the system. One
that is missing is left out.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.load_contenders import COLUMNS
from tests.benchmarks.load_runs import Run, run_program
from tests.postgres.databases import Database

BIN = Path(__file__).parents[2] / ".build" / "peers" / "bin"
_SITE = next((BIN.parent / "lib").glob("python3*/site-packages"), BIN)
_SLING = _SITE / "sling_linux_amd64" / "bin" / "sling-linux-amd64"
_SCRIPTS = Path(__file__).parent / "loaders"
_PACKAGES = ("dlt", "pandas", "pyarrow", "sling-linux-amd64", "SQLAlchemy")
SIMPLE = "simple_hires"


@dataclass(frozen=True)
class Peers:
    """Tools that write to a database as the owner of its tables."""

    database: Database
    folder: Path

    def pgloader(self, file: Path) -> Run:
        """Its COPY; records it cannot load are in files of its own."""
        script = self.folder / "hires.load"
        script.write_text(
            f"LOAD CSV FROM '{file}' ({COLUMNS}) INTO {self._url()}?tablename=public.{SIMPLE}"
            f" ({COLUMNS}) WITH fields terminated by ',', fields optionally enclosed by '\"',"
            " batch rows = 25000, workers = 2, concurrency = 1;"
        )
        root = str(self.folder / "pgloader")
        return run_program(["pgloader", "--root-dir", root, script], self.folder)

    def sling(self, file: Path) -> Run:
        """A table that it makes from what it finds in the file."""
        command: list[str | Path] = [_SLING, "run", "--src-stream", f"file://{file}"]
        options = ["--src-options", "{header: false}", "--mode", "full-refresh"]
        target = ["--tgt-conn", f"{self._url()}?sslmode=disable", "--tgt-object", "public.sling"]
        settings = {"SLING_DISABLE_TELEMETRY": "TRUE", "SLING_HOME_DIR": str(self.folder)}
        return run_program([*command, *options, *target], self.folder, settings)

    def dlt(self, file: Path) -> Run:
        """A table that it makes, by way of Arrow."""
        return self._script("with_dlt.py", file, "postgresql", str(self.folder / "dlt"))

    def pandas(self, file: Path) -> Run:
        """`read_csv` and `to_sql`, many rows at a time."""
        return self._script("with_pandas.py", file, "postgresql+psycopg2")

    def sqlalchemy(self, file: Path) -> Run:
        """`csv` and inserts of many rows at a time."""
        return self._script("with_sqlalchemy.py", file, "postgresql+psycopg2")

    def _script(self, script: str, file: Path, driver: str, *more: str) -> Run:
        command: list[str | Path] = [
            BIN / "python",
            _SCRIPTS / script,
            file,
            self._url(driver),
            *more,
        ]
        return run_program(command, self.folder, {"PYTHONPATH": "", "HOME": str(self.folder)})

    def _url(self, driver: str = "postgresql") -> str:
        return driver + self.database.dsn_for().removeprefix("postgresql").partition("?")[0]


PEERS: Mapping[str, tuple[Callable[[Peers, Path], Run], str]] = {
    "pgloader": (Peers.pgloader, SIMPLE),
    "dlt": (Peers.dlt, "dlt_hires.simple_hires"),
    "sling": (Peers.sling, "sling"),
    "pandas": (Peers.pandas, SIMPLE),
    "SQLAlchemy": (Peers.sqlalchemy, SIMPLE),
}
"""How each loads a file, and into which table."""


def installed() -> Iterator[str]:
    """The peers that can be run here."""
    if shutil.which("pgloader"):
        yield "pgloader"
    if _SLING.exists():
        yield from (name for name in PEERS if name != "pgloader")


def versions() -> dict[str, str]:
    """The versions of the peers that can be run here."""
    found = {}
    here = set(installed())
    if "pgloader" in here:
        program = shutil.which("pgloader") or ""
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        found["pgloader"] = said.stdout.split('"')[1]
    if "sling" in here:
        pip = BIN / "pip"
        frozen = subprocess.run([pip, "freeze"], capture_output=True, text=True, check=True).stdout
        pairs = (line.split("==") for line in frozen.splitlines() if "==" in line)
        found |= {name: version for name, version in pairs if name in _PACKAGES}
    return found
