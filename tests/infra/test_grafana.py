"""The Grafana dashboard is the generated one, and has only fields that Grafana knows."""

import json
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from infra.grafana.__main__ import TARGET, text


def lost(document: Any, written: Any, place: str = "") -> list[str]:
    """Where `written` lacks something of `document`, or has it otherwise."""
    if isinstance(document, dict):
        missing = [f"{place}/{name}" for name in document.keys() - written.keys()]
        both = document.keys() & written.keys()
        return missing + [one for name in both for one in lost(document[name], written[name],
                                                               f"{place}/{name}")]  # fmt: skip
    if isinstance(document, list):
        pairs = enumerate(zip(document, written, strict=True))
        return [one for at, pair in pairs for one in lost(*pair, f"{place}/{at}")]
    return [] if document == written else [place]


def read_by_grafana(document: Any) -> Any:
    """The document after Grafana's own types have read and written it."""
    register_default_plugins()
    return json.loads(JSONEncoder().encode(Dashboard.from_json(document)))


def test_the_file_is_the_generated_one() -> None:
    assert TARGET.read_text() == text(), "run: python -m infra.grafana"


def test_grafana_keeps_every_field_of_the_file() -> None:
    document = json.loads(TARGET.read_text())
    assert lost(document, read_by_grafana(document)) == []


def test_a_field_that_grafana_does_not_know_is_noticed() -> None:
    document = json.loads(TARGET.read_text())
    document["panels"][1]["fieldConfig"]["defaults"]["units"] = "percent"
    assert lost(document, read_by_grafana(document)) == ["/panels/1/fieldConfig/defaults/units"]


def test_panels_have_numbers_of_their_own_and_do_not_overlap() -> None:
    panels = json.loads(TARGET.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
