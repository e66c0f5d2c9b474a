"""Accept a small file sent with its request: write its ticket, then the object."""

import base64
import hashlib

from functions.api.upload.accept_upload import make_ticket
from functions.api.upload.deps import Deps
from functions.api.upload.models import FormFile
from functions.api.upload.parse_form import Form
from waybill.callers import Caller
from waybill.clients import storage_reached
from waybill.contract.size_limit import check_size
from waybill.errors import Rejected, TooLarge
from waybill.http.requests import validate_model
from waybill.state.tickets import Ticket

MAX_FILE_BYTES = 4 * 1024**2
"""Lambda's request limit is 6 MB, and the file arrives in base64."""
LARGER_FILE_HINT = " For a larger file use POST /uploads/{dataset}."


def accept_file(deps: Deps, dataset: str, form: Form, *, caller: Caller) -> Ticket:
    """Put the file into the landing bucket, byte for byte.

    Raises:
        NotFound: `unknown-dataset`.
        TooLarge: `body-too-large`, or `file-too-large` for the limit of the dataset or of the
            installation.
        Rejected: `invalid-request`, or `checksum-mismatch` with the given SHA-256.
        Unavailable: `storage-unavailable`.
    """
    contract = deps.state.contracts.get(dataset)
    check_size(deps.settings, contract, len(form.content))
    if len(form.content) > MAX_FILE_BYTES:
        detail = f"The file is larger than {MAX_FILE_BYTES} bytes.{LARGER_FILE_HINT}"
        raise TooLarge("body-too-large", detail)
    file = validate_model(FormFile, {**form.fields, "filename": form.filename})
    digest = hashlib.sha256(form.content)
    if file.sha256 and file.sha256 != digest.hexdigest():
        detail = f"The SHA-256 of the file is {digest.hexdigest()}, not {file.sha256}."
        raise Rejected("checksum-mismatch", detail)
    ticket = make_ticket(deps.settings, contract.name, file, len(form.content), caller=caller)
    # The ticket comes first: the loader reads it when it gets the object's event.
    deps.state.tickets.put(ticket)
    with storage_reached():
        deps.s3.put_object(
            Bucket=ticket.bucket,
            Key=ticket.key,
            Body=form.content,
            ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
        )
    return ticket
