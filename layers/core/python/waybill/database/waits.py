"""Places for requests that wait for a job."""

from waybill.database.repository import Repository


class Waits(Repository):
    """Bounded for each client and in all."""

    def begin(self, kind: str, client: str, *, per_client: int, total: int) -> bool:
        """Take a place of the session until `end`; False if there is none."""
        return self._value(
            bool,
            "begin_wait",
            p_kind=kind,
            p_client=client,
            p_per_client=per_client,
            p_total=total,
        )

    def end(self) -> None:
        """Release the session's place."""
        self._do("end_wait")
