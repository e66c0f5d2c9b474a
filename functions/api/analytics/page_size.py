"""What a line of figures takes of a page, in JSON or in CSV."""

from waybill.http.pagination import response_size

_LINE_BYTES = 150
"""The numbers and the JSON keys of a line, beside its names."""


def line_size(*names: str) -> int:
    """Bytes of a line in Lambda's response."""
    return _LINE_BYTES + sum(map(response_size, names))
