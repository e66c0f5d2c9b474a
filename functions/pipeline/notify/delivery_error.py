"""An attempt at a delivery that did not succeed."""


class DeliveryError(Exception):
    """The receiver has not taken the message; `str()` has no secret, and is logged and kept."""
