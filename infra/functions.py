"""The Lambda functions: one line for each folder of `functions/`, with what it needs to run."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Literal, NamedTuple

from waybill.settings import Settings

Role = Literal[
    "waybill_admin", "waybill_loader", "waybill_api", "waybill_reader", "waybill_refresher"
]
API_SECONDS = 29  # API Gateway gives up then


class FunctionSpec(NamedTuple):
    """A function's package, time, memory (1,769 MB is one vCPU), layers and database role."""

    package: str
    """Below `functions`: `pipeline.plan`, `api.upload`, `migrate`."""
    timeout_seconds: int
    memory_mb: int
    role: Role | None = None
    arrow: bool = False

    @property
    def name(self) -> str:
        """The last part of the package: `plan`."""
        return self.package.rpartition(".")[2]

    @property
    def module(self) -> str:
        """The function's package as Python imports it."""
        return f"functions.{self.package}"

    @property
    def settings(self) -> type[Settings]:
        """The model of the function's environment, from the `settings.py` of its package."""
        module = import_module(f"{self.module}.settings")
        model: type[Settings] = getattr(module, f"{self.name.capitalize()}Settings")
        return model


FUNCTIONS: Mapping[str, FunctionSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            FunctionSpec("api.upload", API_SECONDS, 1024),
            FunctionSpec("pipeline.plan", 300, 1769, "waybill_loader", arrow=True),
            FunctionSpec("pipeline.load", 300, 1769, "waybill_loader", arrow=True),
            FunctionSpec("pipeline.merge", 300, 512, "waybill_loader"),
            FunctionSpec("pipeline.publish", 60, 512, "waybill_loader"),
            FunctionSpec("pipeline.refresh", 300, 512, "waybill_refresher"),
            FunctionSpec("pipeline.reap", 120, 512, "waybill_loader"),
            FunctionSpec("api.batch", API_SECONDS, 1769, "waybill_api", arrow=True),
            FunctionSpec("api.jobs", API_SECONDS, 1024, "waybill_api"),
            FunctionSpec("api.datasets", API_SECONDS, 1024),
            FunctionSpec("api.analytics", API_SECONDS, 1024, "waybill_reader"),
            FunctionSpec("api.documents", API_SECONDS, 1024, "waybill_reader"),
            FunctionSpec("api.health", API_SECONDS, 512, "waybill_reader"),
            FunctionSpec("api.docs", API_SECONDS, 512),
            FunctionSpec("api.admin", API_SECONDS, 512),
            FunctionSpec("migrate", 900, 512, "waybill_admin"),
        )
    }
)
