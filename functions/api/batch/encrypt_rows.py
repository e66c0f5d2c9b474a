"""Encrypt the text of a batch's rows where the dataset has personal columns."""

from uuid import UUID

from functions.api.batch.validate_rows import Validated
from waybill.contract.model import Contract
from waybill.encryption import DataKey, TextEncryptor


def encrypt_rows(
    kms_key: str | None, contract: Contract, job_id: UUID, rows: Validated
) -> tuple[Validated, DataKey | None]:
    """The rows with encrypted texts, and the key to store with them; None if there is no text.

    Raises:
        Unavailable: `encryption-unavailable`.
    """
    if not contract.personal:
        return rows, None
    texts = TextEncryptor(kms_key, contract.name, job_id)
    raw = [row.raw for row in rows.valid if row.raw is not None]
    raw += [row.raw for row in rows.rejected]
    encrypted = iter(texts.encrypt_to_text([text.encode() for text in raw]))
    valid = [row if row.raw is None else row._replace(raw=next(encrypted)) for row in rows.valid]
    rejected = [row._replace(raw=next(encrypted)) for row in rows.rejected]
    return rows._replace(valid=valid, rejected=rejected), texts.data_key
