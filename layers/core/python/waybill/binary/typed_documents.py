"""Writes a record of a sheet as a JSON document."""

import json
from collections.abc import Collection, Sequence


def document_text(
    names: Sequence[str], texts: Sequence[str | None], literals: Collection[int]
) -> str:
    """The object of these members; `literals` are positions of numbers and booleans."""
    members = (
        f"{json.dumps(name, ensure_ascii=False)}: {_member(text, is_literal=at in literals)}"
        for at, (name, text) in enumerate(zip(names, texts, strict=True))
    )
    return "{" + ", ".join(members) + "}"


def _member(text: str | None, *, is_literal: bool) -> str:
    if text is None:
        return "null"
    return text if is_literal else json.dumps(text, ensure_ascii=False)
