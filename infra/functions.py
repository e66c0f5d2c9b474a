"""The Lambda functions: one line for each folder of `functions/`, with what it needs to run."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from functions.api.admin.settings import AdminSettings
from functions.api.analytics.settings import AnalyticsSettings
from functions.api.batch.settings import BatchSettings
from functions.api.datasets.settings import DatasetsSettings
from functions.api.docs.settings import DocsSettings
from functions.api.documents.settings import DocumentsSettings
from functions.api.health.settings import HealthSettings
from functions.api.jobs.settings import JobsSettings
from functions.api.lookups.settings import LookupsSettings
from functions.api.metrics.settings import ShowMetricsSettings
from functions.api.queries.settings import QueriesSettings
from functions.api.sources.settings import SourcesSettings
from functions.api.upload.settings import UploadSettings
from functions.authorizer.settings import AuthorizerSettings
from functions.console.settings import ConsoleSettings
from functions.migrate.settings import MigrateSettings
from functions.pipeline.extract.settings import ExtractSettings
from functions.pipeline.load.settings import LoadSettings
from functions.pipeline.merge.settings import MergeSettings
from functions.pipeline.notify.settings import NotifySettings
from functions.pipeline.plan.settings import PlanSettings
from functions.pipeline.publish.settings import PublishSettings
from functions.pipeline.reap.settings import ReapSettings
from functions.pipeline.refresh.settings import RefreshSettings
from functions.reporter.settings import ReporterSettings
from waybill.settings import DatabaseSettings, Settings

ADMIN_ROLE = "waybill_admin"
API_SECONDS = 29  # API Gateway's own limit


class FunctionSpec(NamedTuple):
    """A function's settings, timeout, memory (1,769 MB is one vCPU) and layers."""

    settings: type[Settings]
    """The model of its environment; its package is the function's folder."""
    timeout_seconds: int
    memory_mb: int
    arrow: bool = False
    cache: bool = False
    """Whether it uses a cache server, where the environment has one."""
    auth: bool = False
    """Whether it verifies tokens, or encrypts texts."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of its layers."""
        chosen = {"arrow": self.arrow, "auth": self.auth, "cache": self.cache}
        return ("core", *(name for name, needed in chosen.items() if needed))

    @property
    def module(self) -> str:
        """The function's package as Python imports it: `functions.pipeline.plan`."""
        return self.settings.__module__.removesuffix(".settings")

    @property
    def package(self) -> str:
        """The same below `functions`: `pipeline.plan`."""
        return self.module.removeprefix("functions.")

    @property
    def name(self) -> str:
        """The last part of the package: `plan`."""
        return self.module.rpartition(".")[2]

    @property
    def role(self) -> str | None:
        """The role that it connects to the database as, of `sql/roles.sql`; None if it does not."""
        if not issubclass(self.settings, DatabaseSettings):
            return None
        return ADMIN_ROLE if self.name == "migrate" else f"waybill_{self.name}"


FUNCTIONS: Mapping[str, FunctionSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            FunctionSpec(UploadSettings, API_SECONDS, 1024),
            FunctionSpec(PlanSettings, 300, 1769, arrow=True),
            FunctionSpec(LoadSettings, 300, 1769, arrow=True, auth=True),
            FunctionSpec(MergeSettings, 300, 512),
            # Alone with the sources: it has no database, and is in no VPC.
            FunctionSpec(ExtractSettings, 300, 1024),
            FunctionSpec(PublishSettings, 60, 512),
            # Alone with the receivers, likewise; deliver.py knows its timeout.
            FunctionSpec(NotifySettings, 30, 512),
            FunctionSpec(RefreshSettings, 300, 512),
            FunctionSpec(ReapSettings, 120, 512),
            FunctionSpec(BatchSettings, API_SECONDS, 1769, arrow=True, auth=True),
            FunctionSpec(JobsSettings, API_SECONDS, 1024, auth=True),
            FunctionSpec(DatasetsSettings, API_SECONDS, 1769, arrow=True),
            FunctionSpec(AnalyticsSettings, API_SECONDS, 1024, arrow=True, cache=True),
            FunctionSpec(LookupsSettings, API_SECONDS, 1024, arrow=True, cache=True),
            FunctionSpec(DocumentsSettings, API_SECONDS, 1024, auth=True),
            FunctionSpec(QueriesSettings, API_SECONDS, 512),
            FunctionSpec(SourcesSettings, API_SECONDS, 512),
            FunctionSpec(HealthSettings, API_SECONDS, 512),
            FunctionSpec(ShowMetricsSettings, API_SECONDS, 512),
            FunctionSpec(DocsSettings, API_SECONDS, 512),
            FunctionSpec(AdminSettings, API_SECONDS, 512),
            # API Gateway waits for it before each request whose token is not in its cache.
            FunctionSpec(AuthorizerSettings, 10, 512, auth=True),
            FunctionSpec(MigrateSettings, 900, 512),
        )
    }
)

CONSOLE = FunctionSpec(ConsoleSettings, 120, 256)
"""Publishes the console's files; on AWS only, since the local stack serves them itself."""

SPECS: Mapping[str, FunctionSpec] = MappingProxyType({**FUNCTIONS, CONSOLE.name: CONSOLE})
"""All functions that are deployed to AWS."""

REPORTER = FunctionSpec(ReporterSettings, 30, 256)
"""Only where `cdk.json` names an error tracker, in a stack of its own."""

DATABASE_ROLES = tuple(
    spec.role for spec in FUNCTIONS.values() if spec.role and spec.role != ADMIN_ROLE
)
"""The roles that functions connect as; `migrate` is the administrator, which makes them."""
