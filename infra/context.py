"""The context of cdk.json, which only the CDK CLI reads by itself."""

import json
from typing import Any

from infra.bootstrap import ROOT


def context() -> dict[str, Any]:
    """Its values by name; many have one for each environment."""
    values: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return values
