"""The cases of each suite: input, expected table and reading options."""

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

VARIABLE = "WAYBILL_CONFORMANCE"
_UNDEFINED = "<<undefined>>"
# Other papaparse options have no counterpart: comments, other quotes, dynamic typing, callbacks,
# partial reads.
_UNDERSTOOD = {"delimiter", "newline", "header", "fastMode", "preview", "skipEmptyLines"}


class Case(NamedTuple):
    """A file of a suite."""

    suite: str
    name: str
    data: bytes
    header: bool
    table: list[list[str]]
    """The expected records, without header and blank lines."""
    names: tuple[str, ...]
    delimiter: str | None = None


def folder() -> Path | None:
    """The folder of the suites, if it exists."""
    path = os.environ.get(VARIABLE)
    return Path(path) if path and Path(path).is_dir() else None


def cases() -> list[Case]:
    """Every case that only reads."""
    root = folder()
    return [] if root is None else [*_spectrum(root), *_papaparse(root), *_injection(root)]


def _spectrum(root: Path) -> Iterator[Case]:
    for path in sorted((root / "csv-spectrum" / "csvs").glob("*.csv")):
        expected = (root / "csv-spectrum" / "json" / f"{path.stem}.json").read_bytes()
        found = json.loads(expected.decode("utf-8", "replace"))
        objects = found if isinstance(found, list) else [found]
        yield _of_objects("csv-spectrum", path.stem, path.read_bytes(), objects)


def _of_objects(suite: str, name: str, data: bytes, objects: list[dict[str, str]]) -> Case:
    first = next(csv.reader(io.StringIO(data.decode("utf-8-sig", "replace"), newline="")), [])
    table = [[str(one.get(key, "")) for key in first] for one in objects]
    return Case(suite, name, data, True, table, tuple(first))


def _papaparse(root: Path) -> Iterator[Case]:
    for part in ("core_parser_tests", "parse_tests"):
        for number, one in enumerate(json.loads((root / "papaparse" / f"{part}.json").read_text())):
            config = {} if one["config"] == _UNDEFINED else one["config"]
            if not _is_understood(config):
                continue
            name = f"{part} {number}: {one['description']}"
            data, table = one["input"].encode(), one["expected"]["data"]
            if config.get("header") and table and isinstance(table[0], list):
                names = tuple(next(csv.reader(io.StringIO(one["input"]))))
                yield Case("papaparse", name, data, True, table[1:], names)
            elif config.get("header"):
                case = _of_objects("papaparse", name, data, table)
                yield case._replace(delimiter=config.get("delimiter"))
            else:
                records = [row for row in table if row != [""]]
                width = len(records[0]) if records else 1
                names = tuple(f"c{place}" for place in range(width))
                mark = config.get("delimiter")
                yield Case("papaparse", name, data, False, records, names, mark)


def _is_understood(config: Mapping[str, Any]) -> bool:
    mark = config.get("delimiter", ",")
    skips = config.get("skipEmptyLines") == "greedy" or config.get("preview")
    return set(config) <= _UNDERSTOOD and len(mark) == 1 and mark != "\n" and not skips


def _injection(root: Path) -> Iterator[Case]:
    for path in sorted((root / "csv-injection-payloads" / "Intruder").glob("*.txt")):
        data = path.read_bytes()
        lines = [line for line in data.decode().splitlines() if line]
        yield Case(
            "csv-injection-payloads", path.name, data, False, [[one] for one in lines], ("c",)
        )
        out = io.StringIO(newline="")
        csv.writer(out, quoting=csv.QUOTE_ALL).writerows([line] for line in lines)
        quoted, name = out.getvalue().encode(), f"{path.name}, quoted"
        yield Case("csv-injection-payloads", name, quoted, False, [[one] for one in lines], ("c",))
