"""Content negotiation between JSON and CSV."""

CSV = "text/csv; charset=utf-8"


def prefers_csv(accept: str | None) -> bool:
    """Whether an Accept header prefers text/csv to JSON, the default."""
    weights = {"text/csv": 0.0, "application/json": 0.0}
    for offer in (accept or "").lower().split(","):
        media_type, *parameters = (part.strip() for part in offer.split(";"))
        if media_type in weights:
            weights[media_type] = _weight(parameters)
    return weights["text/csv"] > weights["application/json"]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
