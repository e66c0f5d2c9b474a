"""The Grafana dashboard is the generated one, and has only fields that Grafana knows."""

import json
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from infra.grafana.__main__ import TARGET, text


def lost(given: Any, kept: Any, place: str = "") -> list[str]:
    """Where `kept` lacks something of `given`, or has it otherwise."""
    if isinstance(given, dict):
        missing = [f"{place}/{name}" for name in given.keys() - kept.keys()]
        both = given.keys() & kept.keys()
        return missing + [one for name in both for one in lost(given[name], kept[name],
                                                               f"{place}/{name}")]  # fmt: skip
    if isinstance(given, list):
        pairs = enumerate(zip(given, kept, strict=True))
        return [one for at, pair in pairs for one in lost(*pair, f"{place}/{at}")]
    return [] if given == kept else [place]


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
