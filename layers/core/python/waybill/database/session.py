"""Settings of a session."""

from waybill.database.repository import Repository


class Session(Repository):
    """Settings of the session of a connection."""

    def limit_statements(self) -> None:
        """Let every statement time out before API Gateway does."""
        self._select_value("session.limit_statements")

    def act_as(self, principal: str | None) -> None:
        """Record `principal` as the creator of the jobs that the session makes from now on."""
        self._select_value("session.act_as", principal=principal or "")
