"""Path parameters."""

from uuid import UUID

from waybill.errors import NotFound


def parse_job_id(text: str) -> UUID:
    """The job id in a path.

    Raises:
        NotFound: `unknown-job`, it is not a UUID, so no job can have it.
    """
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("unknown-job", "There is no job with this id.") from None
