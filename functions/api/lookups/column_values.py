"""The values of columns that a request gives as query parameters."""

from collections.abc import Collection, Mapping, Sequence

from waybill.contract.model import Lookup
from waybill.errors import FieldError, Rejected

Query = Mapping[str, Sequence[str]]


def lookup_values(query: Query, lookup: Lookup) -> dict[str, str]:
    """The value of each column of a strategy, defaults included.

    Raises:
        Rejected: `invalid-request`: a parameter is missing, unknown, or not the only value that
            the strategy can find.
    """
    allowed = [*lookup.columns, *lookup.filters, *lookup.where]
    values = given_values(query, allowed)
    errors = [
        FieldError(
            pointer=f"?{name}", code="missing-parameter", message="The strategy needs a value."
        )
        for name in lookup.columns
        if name not in values
    ]
    errors += [
        FieldError(
            pointer=f"?{name}",
            code="unsupported-value",
            message=f"This strategy finds rows with the value {fixed} only.",
        )
        for name, fixed in lookup.where.items()
        if values.pop(name, fixed) != fixed
    ]
    _raise(errors)
    defaults = {name: value for name, value in lookup.filters.items() if value is not None}
    return {**defaults, **values}


def fitting_lookups(query: Query, lookups: Mapping[str, Lookup]) -> dict[str, dict[str, str]]:
    """What `lookup_values` returns for each strategy that the parameters fit, at least one.

    Raises:
        Rejected: `invalid-request`: they fit none; the errors are those of the first.
    """
    fitting: dict[str, dict[str, str]] = {}
    refused: list[Rejected] = []
    for strategy, lookup in lookups.items():
        try:
            fitting[strategy] = lookup_values(query, lookup)
        except Rejected as error:
            refused.append(error)
    if not fitting:
        raise refused[0]
    return fitting


def searched_values(query: Query, searchable: Collection[str]) -> dict[str, str]:
    """The values of searchable columns, at least one.

    Raises:
        Rejected: `invalid-request`; the errors name the searchable columns.
    """
    values = given_values(query, searchable)
    if not values:
        names = ", ".join(searchable) or "none"
        message = f"Columns that can be searched by: {names}."
        raise Rejected("invalid-request", message)
    return values


def given_values(query: Query, allowed: Collection[str]) -> dict[str, str]:
    """The query parameters, which must be `allowed` columns; errors list those.

    Raises:
        Rejected: `invalid-request`.
    """
    names = ", ".join(allowed) or "none"
    errors: list[FieldError] = []
    for name, given in query.items():
        pointer = f"?{name}"
        if name not in allowed:
            message = f"Columns that can be searched by: {names}."
            errors.append(FieldError(pointer=pointer, code="unknown-parameter", message=message))
        elif len(given) > 1:
            message = "Give one value."
            errors.append(FieldError(pointer=pointer, code="repeated-parameter", message=message))
        elif "\0" in given[0]:
            message = "PostgreSQL cannot store NUL."
            errors.append(FieldError(pointer=pointer, code="invalid-value", message=message))
    _raise(errors)
    return {name: given[0] for name, given in query.items()}


def _raise(errors: list[FieldError]) -> None:
    if errors:
        raise Rejected("invalid-request", errors[0].message, errors)
