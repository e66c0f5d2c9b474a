"""How S3's error responses are classified."""

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from waybill.clients import object_exists, read_object, s3_client, storage_reached
from waybill.errors import Unavailable

pytestmark = pytest.mark.usefixtures("aws")


def test_a_missing_key_is_distinguished_from_a_forbidden_one_by_listing() -> None:
    for found, refused in (([], False), ([{"Key": "k/more"}], False), ([{"Key": "k"}], True)):
        with Stubber(s3_client()) as stub:
            stub.add_client_error("get_object", "AccessDenied", http_status_code=403)
            stub.add_response("list_objects_v2", {"Contents": found})
            if refused:
                with pytest.raises(ClientError):
                    read_object(s3_client(), "b", "k")
            else:
                assert read_object(s3_client(), "b", "k") is None


def test_a_missing_object_is_distinguished_from_a_forbidden_one_without_reading_it() -> None:
    for found, refused in (([], False), ([{"Key": "k"}], True)):
        with Stubber(s3_client()) as stub:
            stub.add_client_error("head_object", "403", http_status_code=403)
            stub.add_response("list_objects_v2", {"Contents": found})
            if refused:
                with pytest.raises(ClientError):
                    object_exists(s3_client(), "b", "k")
            else:
                assert object_exists(s3_client(), "b", "k") is False


@pytest.mark.parametrize(("status", "code"), [(500, "InternalError"), (503, "SlowDown")])
def test_an_s3_error_is_unavailable(status: int, code: str) -> None:
    with Stubber(s3_client()) as stub:
        stub.add_client_error("get_object", code, http_status_code=status)
        with pytest.raises(Unavailable):
            read_object(s3_client(), "b", "k")


def test_other_s3_errors_are_left_to_the_caller() -> None:
    with Stubber(s3_client()) as stub:
        stub.add_client_error("head_bucket", "404", http_status_code=404)
        with pytest.raises(ClientError), storage_reached():
            s3_client().head_bucket(Bucket="b")
