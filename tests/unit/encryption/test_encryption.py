"""Texts are encrypted so that each comes back only with its own key and job."""

from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cloud.fixtures import Cloud
from waybill.encryption import TextEncryptor, decrypt
from waybill.errors import Unavailable
from waybill.masking import MASK

JOB = UUID(int=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.binary(), min_size=1))
def test_texts_come_back_as_they_were(cloud: Cloud, texts: list[bytes]) -> None:
    encryptor = TextEncryptor(cloud.personal_key, "people", JOB)
    encrypted = encryptor.encrypt(texts)
    key = encryptor.data_key
    assert key is not None
    assert [decrypt(cloud.personal_key, key, each) for each in encrypted] == texts
    for text, each in zip(texts, encrypted, strict=True):
        assert len(text) <= 3 or text not in each


def test_equal_texts_are_not_equal_when_encrypted(cloud: Cloud) -> None:
    first, second = TextEncryptor(cloud.personal_key, "people", JOB).encrypt([b"Ada", b"Ada"])
    assert first != second


def test_a_changed_text_is_refused(cloud: Cloud) -> None:
    encryptor = TextEncryptor(cloud.personal_key, "people", JOB)
    (encrypted,) = encryptor.encrypt([b"Ada"])
    assert encryptor.data_key is not None
    changed = encrypted[:-1] + bytes([encrypted[-1] ^ 1])
    with pytest.raises(InvalidTag):
        decrypt(cloud.personal_key, encryptor.data_key, changed)


@pytest.mark.parametrize(("job_id", "dataset"), [(UUID(int=2), "people"), (JOB, "wards")])
def test_a_data_key_is_bound_to_dataset_and_job(cloud: Cloud, job_id: UUID, dataset: str) -> None:
    encryptor = TextEncryptor(cloud.personal_key, "people", JOB)
    (encrypted,) = encryptor.encrypt([b"Ada"])
    assert encryptor.data_key is not None
    other = encryptor.data_key._replace(job_id=job_id, dataset=dataset)
    with pytest.raises(Unavailable, match="encryption-unavailable"):
        decrypt(cloud.personal_key, other, encrypted)


def test_without_a_kms_key_texts_are_masked() -> None:
    encryptor = TextEncryptor(None, "people", JOB)
    assert encryptor.encrypt([b"Ada", b"Grace"]) == [MASK.encode()] * 2
    assert encryptor.encrypt_to_text([b"Ada"]) == [MASK]
    assert encryptor.data_key is None


def test_no_data_key_is_made_for_no_text(cloud: Cloud) -> None:
    encryptor = TextEncryptor(cloud.personal_key, "people", JOB)
    assert (encryptor.encrypt([]), encryptor.data_key) == ([], None)
