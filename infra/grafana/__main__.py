"""Write the dashboard for Grafana: `python -m infra.grafana`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.grafana.panels import Panel, Query, rows

TARGET = Path(__file__).with_name("waybill.json")
_COLUMNS = 24
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
Json = dict[str, Any]


def dashboard() -> Json:
    """The dashboard as Grafana imports it; the reader chooses the data source."""
    return {
        "uid": "waybill",
        "title": "Waybill",
        "tags": ["waybill"],
        "timezone": "utc",
        "editable": True,
        "schemaVersion": 39,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {
            "list": [
                {
                    "type": "datasource",
                    "name": "datasource",
                    "label": "Prometheus",
                    "query": "prometheus",
                }
            ]
        },
        "panels": _panels(),
    }


def _panels() -> list[Json]:
    panels: list[Json] = []
    top = 0
    for title, row in rows().items():
        panels.append(_row(title, top, number=len(panels) + 1))
        height = 4 if row[0].kind == "stat" else 8
        for place, panel in enumerate(row):
            width = _COLUMNS // len(row)
            position = {"h": height, "w": width, "x": place * width, "y": top + 1}
            panels.append(_panel(panel, position, number=len(panels) + 1))
        top += height + 1
    return panels


def _row(title: str, top: int, number: int) -> Json:
    position = {"h": 1, "w": _COLUMNS, "x": 0, "y": top}
    return {
        "type": "row",
        "id": number,
        "title": title,
        "collapsed": False,
        "gridPos": position,
        "panels": [],
    }


def _panel(panel: Panel, position: Json, number: int) -> Json:
    return {
        "type": panel.kind,
        "id": number,
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": position,
        "targets": _targets(panel.queries),
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
    }


def _targets(queries: Sequence[Query]) -> list[Json]:
    return [
        {
            "refId": chr(ord("A") + place),
            "datasource": _SOURCE,
            "expr": query.expression,
            "legendFormat": query.legend,
        }
        for place, query in enumerate(queries)
    ]


def text() -> str:
    """The file's content."""
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), "utf-8")
