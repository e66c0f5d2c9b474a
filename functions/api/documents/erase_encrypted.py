"""Erase the encrypted rejects that hold a person, which the database cannot read."""

import re
from collections.abc import Iterator, Sequence
from uuid import UUID

from waybill.database.data_keys import DataKeys, Person, UnreadableReject
from waybill.database.repository import Connection
from waybill.encryption import DataKey, decrypt

_PAGE_BYTES = 8 * 1024 * 1024


def erase_encrypted(
    connection: Connection, kms_key: str | None, dataset: str, key: Sequence[str]
) -> None:
    """Delete encrypted rejects whose text holds the person, in the open transaction.

    Those with a readable key are left to the database. Merges of the dataset wait.

    Raises:
        Rejected: `unknown-dataset`.
        NotFound: `unknown-person`.
        Busy: a load of the dataset is in progress.
        Unavailable: `encryption-unavailable`.
    """
    keys = DataKeys(connection)
    person = keys.find_person(dataset, key)
    found: list[UUID] = []
    for reject in _unreadable(keys, dataset):
        data_key = DataKey(reject.data_key, reject.job_id, dataset, reject.encrypted)
        if holds(decrypt(kms_key, data_key, reject.raw), person):
            found.append(reject.reject_id)
    if found:
        keys.erase(dataset, found)


def _unreadable(keys: DataKeys, dataset: str) -> Iterator[UnreadableReject]:
    last: UnreadableReject | None = None
    while page := keys.list_unreadable(dataset, last, _PAGE_BYTES):
        yield from page
        last = page[-1]


def holds(text: bytes, person: Person) -> bool:
    """Whether the text has a personal value of the person, or all parts of the key as words.

    As `waybill.erase_unreadable`: rather one reject too many than one that holds the person.
    """
    return any(value.encode() in text for value in person.personal_values) or all(
        re.search(rb"(?<![A-Za-z0-9])" + re.escape(word.encode()) + rb"(?![A-Za-z0-9])", text)
        for word in person.words
    )
