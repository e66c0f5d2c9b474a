"""Environment of the function `docs`."""

from waybill.settings import ApiSettings


class DocsSettings(ApiSettings):
    """The log level only."""
