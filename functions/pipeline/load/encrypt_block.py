"""Encrypts the text of records where a dataset has personal columns."""

from collections.abc import Sequence
from uuid import UUID

import pyarrow as pa

from waybill.columns.check import BlockResult
from waybill.columns.rejects import REJECTS
from waybill.columns.stage import RAW
from waybill.contract.model import Contract
from waybill.encryption import DataKey, TextEncryptor

_RAW = REJECTS.get_field_index("raw")
_DATA_KEY = pa.field("data_key", pa.binary(16))
STORED_REJECTS = REJECTS.append(_DATA_KEY)
"""Rejects as they are stored: the text, which may be encrypted, and the id of its data key."""


class BlockEncryptor:
    """Encrypts what the checks of one chunk found, if the dataset has personal columns."""

    def __init__(self, kms_key: str | None, contract: Contract, job_id: UUID) -> None:
        self._texts = TextEncryptor(kms_key, contract.name, job_id)
        self._is_personal = bool(contract.personal)

    @property
    def data_key(self) -> DataKey | None:
        """The key to store; None while nothing is encrypted."""
        return self._texts.data_key

    def staged(self, result: BlockResult) -> pa.RecordBatch:
        """The rows to stage, with encrypted text where they have some.

        Raises:
            Unavailable: `encryption-unavailable`.
        """
        index = result.staged.schema.get_field_index(RAW)
        if not self._is_personal or index < 0:
            return result.staged
        texts = result.staged.column(index).cast(pa.binary()).to_pylist()
        encrypted = pa.array(self._texts.encrypt_to_text(texts), pa.string())
        return result.staged.set_column(index, RAW, encrypted)

    def rejects(self, result: BlockResult) -> Sequence[pa.RecordBatch]:
        """The rejects as `STORED_REJECTS`.

        Raises:
            Unavailable: `encryption-unavailable`.
        """
        return [self._stored(batch) for batch in result.rejects]

    def _stored(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        count, columns = batch.num_rows, list(batch.columns)
        keys = pa.nulls(count, _DATA_KEY.type)
        if self._is_personal and count:
            columns[_RAW] = pa.array(self._texts.encrypt(columns[_RAW].to_pylist()), pa.binary())
            if key := self.data_key:
                keys = uuid_array(key.data_key.bytes * count, count)
        return pa.RecordBatch.from_arrays([*columns, keys], schema=STORED_REJECTS)


def uuid_array(data: bytes, count: int) -> pa.Array:
    """An array of `count` UUIDs of 16 bytes each."""
    return pa.Array.from_buffers(pa.binary(16), count, [None, pa.py_buffer(data)])
