"""An attempt at a delivery that did not succeed."""


class DeliveryError(Exception):
    """The receiver has not taken the message; `str()` has no secret, and is logged and kept."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        """Seconds that the receiver asks to wait."""
