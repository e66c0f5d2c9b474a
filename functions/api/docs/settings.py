"""The environment of the step `docs`."""

from waybill.settings import LogSettings


class DocsSettings(LogSettings):
    """Nothing but the log's level."""
