"""Accept a small file that came with its request: its ticket, then the object itself."""

import base64
import hashlib

from functions.api.upload.accept_upload import Landing, ticket_for
from functions.api.upload.form_data import Form
from functions.api.upload.request import SentFile
from waybill.clients import storage_reached
from waybill.errors import Rejected, TooLarge
from waybill.http.requests import checked
from waybill.state.tickets import Ticket

MAX_FILE_BYTES = 4 * 1024**2
"""A function is called with at most 6 MB, and a file comes in base64."""
INSTEAD = " Ask POST /uploads/{dataset} for a place for a larger file."


def accept_file(landing: Landing, dataset: str, form: Form) -> Ticket:
    """Put the file where uploads land, byte for byte; from there on it is one of them.

    Raises:
        NotFound: `unknown-dataset`.
        TooLarge: `body-too-large`.
        Rejected: `invalid-request`, or `checksum-mismatch` with the hash that came with it.
        Unavailable: `storage-unavailable`.
    """
    contract = landing.state.contracts.get(dataset)
    if len(form.content) > MAX_FILE_BYTES:
        detail = f"The file is larger than {MAX_FILE_BYTES} bytes.{INSTEAD}"
        raise TooLarge("body-too-large", detail)
    sent = checked(SentFile, {**form.fields, "filename": form.filename})
    digest = hashlib.sha256(form.content)
    if sent.sha256 and sent.sha256 != digest.hexdigest():
        detail = f"SHA-256 {sent.sha256} was announced, the file has {digest.hexdigest()}."
        raise Rejected("checksum-mismatch", detail)
    ticket = ticket_for(landing.settings, contract.name, sent, len(form.content))
    # First the ticket, so that the object's event finds what was asked for.
    landing.state.tickets.put(ticket)
    with storage_reached():
        landing.s3.put_object(
            Bucket=ticket.bucket,
            Key=ticket.key,
            Body=form.content,
            ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
        )
    return ticket
