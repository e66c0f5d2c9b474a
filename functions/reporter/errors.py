"""Why a report could not be sent; nobody but Lambda sees them."""


class BadDsnError(ValueError):
    """The secret holds no DSN, or one that would send errors in the clear."""


class UnreachedError(Exception):
    """The tracker or the secret cannot be reached; Lambda delivers the lines again."""
