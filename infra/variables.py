"""A function's environment variables, derived from its settings model."""

from collections.abc import Mapping

from waybill.settings import Settings


def variables(model: type[Settings], values: Mapping[str, str]) -> dict[str, str]:
    """Environment variables for `values`, given by the field names of `model`.

    A field without a value gets no variable, so the model's default applies.

    Raises:
        ValueError: a required field has no value, or a value has no field.
    """
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    missing = sorted(required - values.keys())
    unknown = sorted(values.keys() - model.model_fields.keys())
    if missing or unknown:
        raise ValueError(f"{model.__name__}: missing {missing}, unknown {unknown}")
    return {name.upper(): values[name] for name in sorted(values)}
