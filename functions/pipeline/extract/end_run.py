"""Ends a run: its file becomes an object, and the ledger learns what the run did."""

from functions.pipeline.extract.deps import Deps
from functions.pipeline.extract.landing_file import abort_upload, complete_upload
from waybill.sources.extraction import Extraction
from waybill.state.tickets import Ticket


def report(deps: Deps, extraction: Extraction) -> None:
    """Tell the ledger how far the run is. Its ticket causes an event, and repeating it is safe."""
    options = {
        name: value
        for name, value in extraction.options.items()
        if name in ("encoding", "delimiter", "dry_run", "sha256")
    }
    deps.state.tickets.put(
        Ticket.model_validate(
            {
                **options,
                "job_id": extraction.job_id,
                "dataset": extraction.dataset,
                "filename": extraction.key.rpartition("/")[2],
                "size_bytes": extraction.size_bytes,
                "created_at": extraction.created_at,
                "expires_at": extraction.expires_at,
                "bucket": extraction.bucket,
                "key": extraction.key,
                "created_by": extraction.created_by,
                "created_from": extraction.created_from,
                "extraction": extraction.outcome(),
            }
        )
    )


def finish(deps: Deps, extraction: Extraction) -> None:
    """Report a run that has read everything, and then complete its file.

    In this order, so that the ledger knows the cursor before the job can end.

    Raises:
        Rejected: `extraction-lost`.
    """
    report(deps, extraction)
    if extraction.progress.parts:
        complete_upload(deps.s3, extraction)
    else:
        abort_upload(deps.s3, extraction)
