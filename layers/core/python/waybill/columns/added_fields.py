"""Separates the fields that are columns from those that are not."""

from waybill.columns.check_result import Array
from waybill.columns.json_text import json_objects
from waybill.records.layout import Layout


def without_added(texts: list[Array], layout: Layout) -> list[Array]:
    """The texts of the columns; of added fields, a column of JSON objects if they are kept."""
    if not layout.added:
        return texts
    added = [(field.name, texts[field.position]) for field in layout.added]
    positions = {field.position for field in layout.added}
    kept = [text for at, text in enumerate(texts) if at not in positions]
    return kept if layout.rescued is None else [*kept, json_objects(added)]
