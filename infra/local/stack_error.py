"""What a user of the local stack can mend."""


class StackError(Exception):
    """The operation is not possible; the message says what to do."""
