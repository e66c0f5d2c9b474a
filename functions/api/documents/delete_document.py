"""Delete a document."""

import re

from waybill.callers import Caller
from waybill.database.documents import Documents
from waybill.database.repository import Connection
from waybill.database.session import Session
from waybill.errors import NotFound
from waybill.http.persistent_connection import PersistentConnection

_ID = re.compile(r"[1-9][0-9]{0,18}")


def delete_document(database: PersistentConnection, document_id: str, caller: Caller) -> None:
    """Delete the document for `caller`; its id is as the client wrote it.

    Raises:
        NotFound: `unknown-document`.
        Unavailable: the database cannot be reached.
    """
    # What is no bigint cannot be the id of a document.
    is_id = _ID.fullmatch(document_id) is not None and int(document_id) < 2**63

    def delete(connection: Connection) -> bool:
        Session(connection).act_as(caller)
        return Documents(connection).delete(int(document_id))

    if not is_id or not database.run(delete):
        raise NotFound("unknown-document", "There is no document with this id.")
