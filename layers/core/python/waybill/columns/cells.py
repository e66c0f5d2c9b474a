"""Records that come as cells of text rather than as bytes: checked by the same checks."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns.check import check_column
from waybill.columns.check_result import Array
from waybill.columns.formats import formats_of
from waybill.columns.json_text import joined
from waybill.columns.rejects import reasons
from waybill.contract.model import Contract


class Cells(NamedTuple):
    """Columns of as many texts as there are records."""

    texts: dict[str, list[str | None]]
    """As PostgreSQL reads them whatever the contract's formats; null where refused."""
    errors: dict[int, list[dict[str, Any]]]
    """Of each refused record: column, code and message of all that is wrong with it."""


def check_cells(contract: Contract, given: Mapping[str, Sequence[str | None]]) -> Cells:
    """Judge columns of text against the contract; what a cell may be is what a field may be.

    Args:
        contract: the dataset's.
        given: texts by column, all of one length; None is null. No text holds a NUL.

    Raises:
        Rejected: `contract-broken`, a format means nothing for its column.
    """
    written = formats_of(contract)
    texts: dict[str, list[str | None]] = {}
    errors: dict[int, list[dict[str, Any]]] = {}
    for name, cells in given.items():
        strings = pa.array(cells, pa.string())
        values, failures = check_column(contract.column(name), strings, written.get(name))
        texts[name] = _canonical(values).to_pylist()
        for failure in failures:
            rows = np.flatnonzero(failure.rows)
            found = reasons(name, failure, strings.take(pa.array(rows)), rows).to_pylist()
            for row, reason in zip(rows.tolist(), found, strict=True):
                errors.setdefault(row, []).append(json.loads(reason))
    return Cells(texts, errors)


def _canonical(values: Array) -> Array:
    kind = values.type
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        return pc.cast(values, pa.string())
    # Without its zone first: Arrow would look UTC up in a database of zones.
    return joined(pc.cast(values.view(pa.timestamp("us")), pa.string()), "Z")
