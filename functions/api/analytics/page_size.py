"""The size of a line of figures in a page, as JSON or CSV."""

from waybill.http.pagination import response_size

_LINE_BYTES = 150
"""Bytes of a line's numbers and JSON keys, without its names."""


def line_size(*names: str) -> int:
    """Bytes of a line in Lambda's response."""
    return _LINE_BYTES + sum(map(response_size, names))
