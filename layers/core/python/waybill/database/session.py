"""Settings of a session."""

from waybill.callers import Caller
from waybill.database.repository import Repository


class Session(Repository):
    """Settings of the session of a connection."""

    def limit_statements(self, seconds: int) -> None:
        """Let every later statement time out, so that API Gateway does not."""
        self._select_value("session.limit_statements", milliseconds=seconds * 1000)

    def limit_transaction(self, seconds: int) -> None:
        """Let every later statement of the open transaction time out, no later than before."""
        self._select_value("session.limit_transaction", milliseconds=seconds * 1000)

    def act_as(self, caller: Caller | None) -> None:
        """Record `caller` as the creator of the jobs that the session makes from now on."""
        subject, source = caller or ("", None)
        self._run("session.act_as", principal=subject, source=source or "")
