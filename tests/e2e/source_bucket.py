"""The bucket that sources of the local stack may read."""

from infra.local.clients import Clients

BUCKET = "waybill-local-source"


def make_source_bucket(aws: Clients) -> str:
    """The bucket's name; it is made by the first of the tests that share a stack."""
    s3 = aws("s3")
    if BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET)
    return BUCKET
