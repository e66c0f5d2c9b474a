"""What the rules of a dataset do to the texts of a record, as the histories have them."""

from collections.abc import Callable
from dataclasses import dataclass

Cells = tuple[str | None, ...]


@dataclass(frozen=True)
class Rules:
    """How a record is changed, which ones are left out then, and whether equal ones are."""

    change: Callable[[Cells], Cells] = lambda cells: cells
    keep: Callable[[Cells], bool] = lambda _: True
    no_duplicates: bool = False


NONE = Rules()


def _changed_berth(cells: Cells) -> Cells:
    code, name, *others = ((cell or "").strip() for cell in cells)
    return code.lower(), "" if name == "?" else name, *others


BERTHS = Rules(_changed_berth, lambda cells: cells[0] != "total")
SIGHTINGS = Rules(no_duplicates=True)

RULED = """
CREATE TABLE berths (
    code text PRIMARY KEY, name text, tons integer,
    department_id integer REFERENCES departments
);
SELECT waybill.register_dataset('berths', transformation => '{
    "trim": ["*"], "lower": ["code"], "null_words": {"name": ["?"]},
    "filter": [{"column": "code", "not_in": ["total"]}]
}');
CREATE TABLE sightings (n integer NOT NULL, what text);
SELECT waybill.register_dataset('sightings', transformation => '{"drop_duplicates": ["*"]}');
"""
