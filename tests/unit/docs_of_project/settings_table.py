"""The tables of settings in the manuals, generated from the models; run it to print them."""

import sys

from infra.functions import FUNCTIONS
from infra.local.settings import LocalSettings


def local_rows() -> list[str]:
    """One row per setting of the local stack."""
    fields = LocalSettings.model_fields.items()
    return [f"| `{name.upper()}` | {field.description} |" for name, field in fields]


def function_rows() -> list[str]:
    """One row per setting of the functions, by name."""
    fields = {
        name: field
        for spec in FUNCTIONS.values()
        for name, field in spec.settings.model_fields.items()
    }
    return [
        f"| `{name.upper()}` | {_default(field.default, required=field.is_required())} "
        f"| {field.description} |"
        for name, field in sorted(fields.items())
    ]


def _default(value: object, *, required: bool) -> str:
    return "" if required or value is None else f"`{value}`"


if __name__ == "__main__":
    sys.stdout.write("\n".join([*local_rows(), "", *function_rows(), ""]))
