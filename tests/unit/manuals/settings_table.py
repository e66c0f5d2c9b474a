"""The tables of settings in the manuals, generated from the models; run it to update them."""

import re

from infra.bootstrap import ROOT
from infra.functions import REPORTER, SPECS
from infra.local.settings import LocalSettings


def local_rows() -> list[str]:
    """One row per setting of the local stack."""
    fields = LocalSettings.model_fields.items()
    return [f"| `{name.upper()}` | {field.description} |" for name, field in fields]


def function_rows() -> list[str]:
    """One row per setting of the functions, by name."""
    fields = {
        name: field
        for spec in (*SPECS.values(), REPORTER)
        for name, field in spec.settings.model_fields.items()
    }
    return [
        f"| `{name.upper()}` | {_default(field.default, required=field.is_required())} "
        f"| {field.description} |"
        for name, field in sorted(fields.items())
    ]


def _default(value: object, *, required: bool) -> str:
    return "" if required or value is None else f"`{value}`"


def update(manual: str, rows: list[str]) -> None:
    """Replace the rows of the settings in `manual`, which are consecutive, by `rows`."""
    path = ROOT / manual
    lines = path.read_text("utf-8").splitlines()
    is_row = [bool(re.match(r"\| `[A-Z][A-Z_]+` \|", line)) for line in lines]
    first, last = is_row.index(True), len(lines) - is_row[::-1].index(True)
    path.write_text("\n".join([*lines[:first], *rows, *lines[last:]]) + "\n", "utf-8")


if __name__ == "__main__":
    update("functions/README.md", function_rows())
    update("infra/README.md", local_rows())
