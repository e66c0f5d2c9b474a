"""Environment of the function `docs`."""

from waybill.settings import LogSettings


class DocsSettings(LogSettings):
    """The log level only."""
