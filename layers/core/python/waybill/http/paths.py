"""What stands in a path."""

from uuid import UUID

from waybill.errors import NotFound


def job_id_of(text: str) -> UUID:
    """The job's id that stands in a path.

    Raises:
        NotFound: `unknown-job`, since nothing can exist under what is no id.
    """
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("unknown-job", "There is no job with this id.") from None
