"""The dataset that a file is meant for, from its name and its header."""

import bz2
import csv
import difflib
import re
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from waybill_client.described_names import described_names
from waybill_client.errors import ClientError

_HEAD_BYTES = 1 << 16
_DELIMITERS = (",", ";", "\t", "|")
_ENOUGH = 0.5
_NAMED, _BEGINS = 0.6, 0.5


def suggest_dataset(file: Path, datasets: Sequence[dict[str, Any]]) -> str:
    """The dataset whose columns the header names best, or whose name the file has.

    Raises:
        ClientError: none fits well, or two fit equally.
    """
    described = described_names(file)
    line = "" if described else _first_line(file)
    scores = {
        str(one["name"]): _score(file, _header(line, one), described, one) for one in datasets
    }
    ranked = sorted(scores, key=lambda name: -scores[name])
    best = ranked[0] if ranked else ""
    equal = len(ranked) > 1 and scores[ranked[0]] == scores[ranked[1]]
    if not best or scores[best] < _ENOUGH or equal:
        known = ", ".join(sorted(scores)) or "none is declared"
        raise ClientError(f"{file.name}: which dataset? Use --dataset with one of: {known}.")
    return best


def nearest_name(name: str, known: Iterable[str]) -> str:
    """A sentence with the nearest name, and all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    question = f"Did you mean {near[0]}? " if near else ""
    return f"{question}There are: {', '.join(names) or 'none'}."


def _score(file: Path, header: Sequence[str], described: bytes, dataset: dict[str, Any]) -> float:
    stem, name = _plain(file.name.partition(".")[0]), _plain(str(dataset["name"]))
    by_name = _NAMED if stem == name else _BEGINS if stem.startswith(name) else 0.0
    # The name of the file also decides between datasets that fit equally.
    return max(_fit(header, described, dataset), by_name) + by_name / 100


def _fit(header: Sequence[str], described: bytes, dataset: dict[str, Any]) -> float:
    """How well the columns fit, from 0 to 1: best if the file can be loaded as it is."""
    properties = dataset["schema"]["properties"]
    if described:
        matched = {name for name in properties if name.lower().encode() in described}
    else:
        names = {_plain(name): name for name in properties}
        names |= {_plain(alias): name for alias, name in dataset.get("aliases", {}).items()}
        matched = {names[name] for name in header if name in names}
    if not matched:
        return 0.0
    precision = 1.0 if described else len(matched) / len(header)
    recall = len(matched) / len(properties)
    if precision == 1 and matched.issuperset(dataset["schema"].get("required", ())):
        return 0.9 + 0.1 * recall
    return 1.8 * precision * recall / (precision + recall)


def _first_line(file: Path) -> str:
    text = _head(file).decode("utf-8-sig", "replace")
    # A CR ends a line too, and the reader refuses it within one.
    return re.split(r"[\r\n]", text, maxsplit=1)[0]


def _header(line: str, dataset: dict[str, Any]) -> list[str]:
    """The names of the line, as files of the dataset write them; none where it is no text."""
    quote, escape = dataset.get("quote", '"'), dataset.get("escape")
    delimiters = {dataset.get("delimiter") or ",", *_DELIMITERS} - {quote, escape}
    if quote and quote not in line and not dataset.get("escape_codes"):
        # Beside quotes, an escape has a meaning only in them.
        escape = None
    rows = (
        next(
            csv.reader(
                [line],
                delimiter=delimiter,
                quotechar=quote,
                escapechar=escape,
                quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            ),
            [],
        )
        for delimiter in sorted(delimiters)
    )
    return [_plain(name) for name in max(rows, key=len)]


def _head(file: Path) -> bytes:
    """The first bytes, unpacked; as they are where they cannot be: the service says why."""
    with file.open("rb") as source:
        data = source.read(_HEAD_BYTES)
        # A text may begin as bzip2 does.
        with suppress(OSError, EOFError, zlib.error):
            if data.startswith(b"\x1f\x8b"):
                return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, _HEAD_BYTES)
            if data.startswith(b"BZh"):
                source.seek(0)
                return bz2.BZ2File(source).read(_HEAD_BYTES)
    return data


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
