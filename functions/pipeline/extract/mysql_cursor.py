"""A cursor of MySQL and MariaDB that reads rows as they are needed, and no others."""

from pymysql.cursors import SSCursor


class RowsAsNeeded(SSCursor):
    """A cursor whose connection is closed with it.

    The driver's own reads all rows that are left when it is closed, since the connection could not
    be used otherwise: of a large table that takes as long as the run, and where the connection is
    lost it fails in a way that hides why.
    """

    def close(self) -> None:
        """Leave what is left unread."""
        result = getattr(self, "_result", None)
        if result is not None:
            result.unbuffered_active = False
        super().close()
