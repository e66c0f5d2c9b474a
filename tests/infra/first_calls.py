"""Start a function from the built artefacts as Lambda does, up to its first call of anything."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pydantic_core import PydanticUndefined

from infra.bootstrap import ROOT
from infra.functions import FunctionSpec
from infra.layers.packages import core_layer, packages
from infra.layers.sources import function_source

_EVENTS: Mapping[str, str] = MappingProxyType({"show_metrics": "metrics"})
# A call of another process or host ends the measurement: what takes longer is not the function.
_SCRIPT = """
import sys, time
begun = time.perf_counter()
class Reached(BaseException):
    pass
def reach(*_, **__):
    raise Reached
import importlib, json, resource, socket
sys.path[:0] = json.loads(sys.argv[1])
own = time.perf_counter()
handler = importlib.import_module(sys.argv[2] + ".handler")
imported = time.perf_counter()
at_start = sorted(sys.modules)
socket.socket.connect = socket.getaddrinfo = reach
if "psycopg" in sys.modules:
    sys.modules["psycopg"].connect = sys.modules["psycopg"].Connection.connect = reach
class Context:
    function_name = "waybill-test"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:waybill-test"
    aws_request_id = "00000000-0000-0000-0000-000000000000"
    def get_remaining_time_in_millis(self):
        return 29000
ended = "answered"
try:
    handler.handle(json.loads(sys.argv[3]), Context())
except Reached:
    ended = "called"
except Exception as error:
    ended = repr(error)
called = time.perf_counter()
print(json.dumps({
    "imported": imported - begun, "called": called - begun, "cpu": time.process_time(),
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "modules": at_start, "ended": ended}))
"""


@dataclass(frozen=True, kw_only=True)
class FirstCall:
    """Seconds from the start of the interpreter, and what was imported before any request."""

    imported: float
    called: float
    cpu: float
    megabytes: float
    modules: frozenset[str]
    ended: str
    """`called` something else, `answered`, or the error."""

    @property
    def packages(self) -> set[str]:
        """The top-level packages that were imported."""
        return {name.partition(".")[0] for name in self.modules}


def built_layers(folder: Path) -> dict[str, Path]:
    """The layers as they are deployed, each as a folder of packages."""
    others = {name: packages(name) / "python" for name in ("arrow", "auth", "cache")}
    return {"core": core_layer(folder) / "python", **others}


def environment_of(spec: FunctionSpec) -> dict[str, str]:
    """Values for the settings that have no default, and what Lambda sets."""
    needed = {
        name.upper(): "1" if field.annotation in (int, float) else f"a-{name.replace('_', '-')}"
        for name, field in spec.settings.model_fields.items()
        if field.default is PydanticUndefined and field.default_factory is None
    }
    return {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "a",
        "AWS_SESSION_TOKEN": "a",
        "POWERTOOLS_SERVICE_NAME": "waybill",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "PATH": os.environ["PATH"],
        **needed,
    }


def event_of(spec: FunctionSpec) -> str:
    """The event of the function, of `events/`."""
    return (ROOT / "events" / f"{_EVENTS.get(spec.name, spec.name)}.json").read_text()


def first_call(
    python: Path, layers: Mapping[str, Path], spec: FunctionSpec, source: Path
) -> FirstCall:
    """Start the function once, in an interpreter that sees its layers and nothing else."""
    path = [str(source), *(str(layers[one]) for one in spec.layers)]
    arguments = ["-c", _SCRIPT, json.dumps(path), spec.module, event_of(spec)]
    ended = subprocess.run(
        [str(python), "-I", "-S", *arguments],
        env=environment_of(spec),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(ended.stdout.splitlines()[-1])
    return FirstCall(**{**found, "modules": frozenset(found["modules"])})


def source_of(spec: FunctionSpec, folder: Path) -> Path:
    """The function's own package, as it is deployed."""
    return function_source(spec, folder)
