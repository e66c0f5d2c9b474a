"""The steps: one line for each function folder, with what its function needs to run."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Literal, NamedTuple

from waybill.settings import Settings

Role = Literal[
    "waybill_admin", "waybill_loader", "waybill_api", "waybill_reader", "waybill_refresher"
]
API_SECONDS = 29  # API Gateway gives up then


class Step(NamedTuple):
    """What a function is given: time, memory (1,769 MB is one vCPU), layers, database role."""

    name: str
    timeout_seconds: int
    memory_mb: int
    role: Role | None = None
    arrow: bool = False

    @property
    def settings(self) -> type[Settings]:
        """The model of the function's environment, from `functions/<step>/settings.py`."""
        module = import_module(f"functions.{self.name}.settings")
        model: type[Settings] = getattr(module, f"{self.name.capitalize()}Settings")
        return model


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        step.name: step
        for step in (
            Step("upload", API_SECONDS, 1024),
            Step("plan", 300, 1769, "waybill_loader", arrow=True),
            Step("load", 300, 1769, "waybill_loader", arrow=True),
            Step("merge", 300, 512, "waybill_loader"),
            Step("publish", 60, 512, "waybill_loader"),
            Step("refresh", 300, 512, "waybill_refresher"),
            Step("reap", 120, 512, "waybill_loader"),
            Step("batch", API_SECONDS, 1769, "waybill_api", arrow=True),
            Step("jobs", API_SECONDS, 1024, "waybill_api"),
            Step("datasets", API_SECONDS, 1024),
            Step("analytics", API_SECONDS, 1024, "waybill_reader"),
            Step("documents", API_SECONDS, 1024, "waybill_reader"),
            Step("health", API_SECONDS, 512, "waybill_reader"),
            Step("docs", API_SECONDS, 512),
            Step("admin", API_SECONDS, 512),
            Step("migrate", 900, 512, "waybill_admin"),
        )
    }
)
