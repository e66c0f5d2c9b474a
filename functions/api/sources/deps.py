"""The database connection, the state bucket and the schedules, kept for the life of the process."""

from functools import cache
from typing import NamedTuple

from functions.api.sources.settings import SourcesSettings
from waybill.clients import s3_client
from waybill.http.persistent_connection import PersistentConnection
from waybill.sources.schedules import Schedules
from waybill.state.bucket import StateBucket


class Deps(NamedTuple):
    """The database connection, the state bucket, the schedules and the settings."""

    database: PersistentConnection
    state: StateBucket
    schedules: Schedules
    settings: SourcesSettings


@cache
def deps() -> Deps:
    """The dependencies of the sources endpoint."""
    settings = SourcesSettings.from_environment()
    return Deps(
        PersistentConnection(settings, "sources"),
        StateBucket(s3_client(), settings.state_bucket),
        Schedules(settings.schedule_group, settings.schedule_target, settings.schedule_role),
        settings,
    )
