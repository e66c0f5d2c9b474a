"""Encrypts the text of rejects that may hold personal data (envelope encryption with AWS KMS).

Each chunk or batch has a data key of its own: AES-256 in GCM, a random nonce for each text. The
data key is kept in the database, encrypted by the KMS key for its dataset and job, so neither a
copy of the database nor a role without `kms:Decrypt` can read a text.
"""

import base64
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from botocore.exceptions import BotoCoreError, ClientError

from waybill.clients import kms_client
from waybill.errors import Unavailable
from waybill.ids import new_id
from waybill.masking import MASK

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
# Keys of texts that were read last; a page of rejects has one for each chunk.
_KEYS_KEPT = 256


class DataKey(NamedTuple):
    """A data key as it is stored: encrypted."""

    data_key: UUID
    job_id: UUID
    dataset: str
    encrypted: bytes

    @property
    def context(self) -> dict[str, str]:
        """KMS' encryption context: the key is of no use for another dataset or job."""
        return {"waybill:dataset": self.dataset, "waybill:job": str(self.job_id)}


class TextEncryptor:
    """Encrypts texts of one job. Its data key is made when the first text comes."""

    def __init__(self, kms_key: str | None, dataset: str, job_id: UUID) -> None:
        """Without a `kms_key` texts are masked instead."""
        self._kms_key = kms_key
        self._cipher: AESGCM | None = None
        self._new = DataKey(new_id(), job_id, dataset, b"")
        self.data_key: DataKey | None = None
        """To be stored with the texts; None while nothing is encrypted."""

    def encrypt(self, texts: Sequence[bytes]) -> list[bytes]:
        """Each text as nonce and ciphertext; the mask where there is no KMS key.

        Raises:
            Unavailable: `encryption-unavailable`.
        """
        if self._kms_key is None:
            return [MASK.encode()] * len(texts)
        if not texts:
            return []
        cipher = self._cipher or self._make_key(self._kms_key)
        nonces = os.urandom(_NONCE_BYTES * len(texts))
        bound_to = self._new.job_id.bytes
        encrypted = []
        for index, text in enumerate(texts):
            nonce = nonces[index * _NONCE_BYTES : (index + 1) * _NONCE_BYTES]
            encrypted.append(nonce + cipher.encrypt(nonce, text, bound_to))
        return encrypted

    def encrypt_to_text(self, texts: Sequence[bytes]) -> list[str]:
        """The same as text that names its key, as `waybill.stored_text` reads it.

        Raises:
            Unavailable: `encryption-unavailable`.
        """
        if self._kms_key is None:
            return [MASK] * len(texts)
        prefix = f"waybill-encrypted:{self._new.data_key}:"
        return [prefix + base64.b64encode(each).decode() for each in self.encrypt(texts)]

    def _make_key(self, kms_key: str) -> "AESGCM":
        try:
            made = kms_client().generate_data_key(
                KeyId=kms_key, KeySpec="AES_256", EncryptionContext=self._new.context
            )
        except (BotoCoreError, ClientError) as error:
            raise _unavailable() from error
        self.data_key = self._new._replace(encrypted=made["CiphertextBlob"])
        self._cipher = _cipher(made["Plaintext"])
        return self._cipher


def decrypt(kms_key: str | None, data_key: DataKey, encrypted: bytes) -> bytes:
    """The text that was encrypted with the data key.

    Raises:
        Unavailable: `encryption-unavailable`.
        cryptography.exceptions.InvalidTag: it is not what was encrypted for this job.
    """
    if kms_key is None:
        raise _unavailable()
    nonce, ciphertext = encrypted[:_NONCE_BYTES], encrypted[_NONCE_BYTES:]
    cipher = _decrypted_key(kms_key, data_key)
    return cipher.decrypt(nonce, ciphertext, data_key.job_id.bytes)


@lru_cache(_KEYS_KEPT)
def _decrypted_key(kms_key: str, data_key: DataKey) -> "AESGCM":
    try:
        found = kms_client().decrypt(
            KeyId=kms_key, CiphertextBlob=data_key.encrypted, EncryptionContext=data_key.context
        )
    except (BotoCoreError, ClientError) as error:
        raise _unavailable() from error
    return _cipher(found["Plaintext"])


def _cipher(key: bytes) -> "AESGCM":
    # It takes 40 ms to import, and most jobs encrypt nothing.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM(key)


def _unavailable() -> Unavailable:
    detail = "The key for personal data cannot be used."
    return Unavailable("encryption-unavailable", detail)
