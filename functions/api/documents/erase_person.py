"""Erase a person of a dataset."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from functions.api.documents.deps import Deps
from functions.api.documents.erase_encrypted import erase_encrypted
from waybill.callers import Caller
from waybill.database.documents import Documents, Erased
from waybill.database.repository import Connection, transaction
from waybill.database.session import Session
from waybill.erased_copies import delete_erased_copies
from waybill.errors import NotFound, Rejected

# An object that landed before may have its event in a queue for so long, and be registered then.
_LAST_ARRIVAL = timedelta(days=15)


def erase_person(deps: Deps, dataset: str, key: str, caller: Caller) -> Erased:
    """Erase the person for `caller`; the key is as in the path.

    Raises:
        NotFound: `unknown-dataset`, or `unknown-person`: the dataset cannot have the key.
        Conflict: `still-referenced`.
        Busy: a load of the dataset is in progress.
        Unavailable: the database or S3 cannot be reached, or the key of encrypted texts not be
            used.
    """
    values = key_values(unquote(key))

    def erase(connection: Connection) -> Erased:
        Session(connection).act_as(caller)
        with transaction(connection):
            # First, since what the row says of the person is looked for in their text.
            erase_encrypted(connection, deps.settings.personal_key, dataset, values)
            erased = Documents(connection).erase_person(dataset, values)
            # Before the commit, so that `reap` does all that follows whatever becomes of this
            # request. If there is no commit, it finds nothing to do.
            now = datetime.now(UTC)
            for due_at in (now, now + _LAST_ARRIVAL):
                deps.state.deadlines.put_erasure(due_at)
            return erased

    if any("\0" in value for value in values):
        raise NotFound("unknown-person", "PostgreSQL cannot store NUL.")
    try:
        erased = deps.database.run(erase)
    except Rejected as error:
        if error.code == "unknown-dataset":
            raise NotFound(error.code, error.detail) from error
        raise
    # After the commit. If it fails, so does the request; its repetition or `reap` does it again.
    deps.database.run(lambda connection: delete_erased_copies(connection, deps.s3, deps.state))
    return erased


def key_values(text: str) -> list[str]:
    """The values of a natural key: a JSON array, or the text of the only one."""
    try:
        values = json.loads(text) if text.startswith("[") else text
    except (ValueError, RecursionError):
        return [text]
    if not isinstance(values, list):
        return [text]
    return [value if isinstance(value, str) else json.dumps(value) for value in values]
