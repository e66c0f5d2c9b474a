"""Check bytes as the loader does; the result of every record."""

import json
from typing import Any, NamedTuple

from tests.unit.columns.contracts import layout
from waybill.columns.check import Checker
from waybill.contract.model import Contract
from waybill.records.splitter import RecordSplitter, split


class Outcome(NamedTuple):
    """Rows as the staging table gets them, rejects by line, and how many were filtered."""

    rows: list[dict[str, Any]]
    rejects: dict[int, dict[str, Any]]
    filtered: int

    def codes(self, line: int) -> list[tuple[str | None, str]]:
        """(column, code) of each reason of a reject."""
        return [(error["column"], error["code"]) for error in self.rejects[line]["errors"]]


def outcome(contract: Contract, data: bytes, **more: object) -> Outcome:
    """What the check of a headerless file of the contract gives."""
    found = layout(contract, **more)
    checker = Checker(contract, found, chunk=3)
    rows: list[dict[str, Any]] = []
    rejects: dict[int, dict[str, Any]] = {}
    read = filtered = 0
    for block in split([data], RecordSplitter(found.marks)):
        checked = checker.check(block)
        read += checked.read
        filtered += checked.filtered
        rows += checked.staged.to_pylist()
        for reject in (row for batch in checked.rejects for row in batch.to_pylist()):
            parsed = {name: json.loads(reject[name]) for name in ("values", "errors")}
            rejects[reject["line"]] = {"raw": reject["raw"], **parsed}
    assert read == len(rows) + len(rejects) + filtered
    return Outcome(rows, rejects, filtered)
